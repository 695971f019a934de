//! What a sweep does for a workspace that nobody asks about.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    profile::Profiles,
    usage::Usage,
    workspace::{Ended, Occupancy, Pod},
};

/// Within this the cluster lets a pod end whose session has ended.
const SETTLED: TimeDelta = TimeDelta::minutes(5);

/// One thing that is left to do for a workspace.
#[derive(Clone, Debug, PartialEq)]
pub enum Chore {
    /// A session ended, and its hours stand nowhere yet.
    Record(Usage),
    /// A start waits for a sign-in: that may be over, or gone, with nobody who says so.
    SignIn,
    /// A pod of an older session is still there, and keeps the workspace's own from being made.
    DeletePod { name: String, uid: String },
}

impl fmt::Display for Chore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(usage) => write!(f, "the hours of session {} are recorded", usage.session),
            Self::SignIn => f.write_str("the sign-in that its start waits for is looked at"),
            Self::DeletePod { name, .. } => write!(f, "pod {name} of an older session is deleted"),
        }
    }
}

/// What is left to do, in the order in which it is done. Pods without a session's label are nobody's that we know, and
/// so are those beside a workspace whose session we can not read: they stay.
#[must_use]
pub fn chores(seen: &Occupancy, profiles: &Profiles) -> Vec<Chore> {
    let mut chores = Vec::new();
    let Some(session) = &seen.session else { return chores };
    let strangers = seen.pods.iter().filter(|pod| pod.session.as_ref().is_some_and(|of| *of != session.id));
    chores.extend(strangers.map(|pod| Chore::DeletePod { name: pod.name.clone(), uid: pod.uid.clone() }));
    match &seen.ended {
        Some(ended) => {
            chores.extend(Usage::unrecorded(session, ended, seen.member, profiles).map(Chore::Record));
        }
        None if session.started.is_none() => chores.push(Chore::SignIn),
        None => {}
    }
    chores
}

/// What of a workspace is not understood, if something is not: it is said, and left as it is.
#[must_use]
pub fn strange(seen: &Occupancy, now: DateTime<Utc>) -> Option<&'static str> {
    let Occupancy { session, ended, pods, .. } = seen;
    let Some(session) = session else {
        return (!seen.seen.session.is_empty()).then_some("the note of its session can not be read");
    };
    let runs = |pod: &Pod| pod.session.as_ref() == Some(&session.id);
    match ended {
        Some(Ended { at: Some(at), .. }) if now - *at > SETTLED && pods.iter().any(runs) => {
            Some("it was switched on by hand: its session has ended, and there is a pod")
        }
        _ if pods.iter().any(|pod| pod.session.is_none()) => Some("a pod of its labels is of no session"),
        _ => None,
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
