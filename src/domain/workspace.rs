//! A workspace as it was seen: on or off, its session, how the last one ended, and its pods.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::{idleness::Watch, member::Member};

/// What one look at a member's StatefulSet found.
#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    /// Whether one replica is wished for.
    pub on: bool,
    /// Whether the cluster has caught up with the wish, so that no pod is left where none is wished for.
    pub settled: bool,
    /// The session that runs or waits, or the last one.
    pub session: Option<Session>,
    /// How the session ended; none while it runs or waits.
    pub ended: Option<Ended>,
    /// Both, as texts: what a change tests before it writes.
    pub seen: Seen,
    /// The profiles that this member may start; none means all.
    pub profiles: Option<Vec<String>>,
    /// The StatefulSet's version, for a deletion that names what was seen.
    pub version: String,
}

/// The two texts of a workspace that every change tests first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub session: String,
    pub ended: String,
}

/// One run of a workspace, from a start to a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub asked: DateTime<Utc>,
    /// When the first replica was wished for; none while it waits for a sign-in.
    pub started: Option<DateTime<Utc>>,
    /// The sign-in that it waits for.
    pub waits: Option<String>,
    pub by: Member,
    pub profile: String,
    pub image: String,
    /// The account that its tunnel is signed in with, in words, where it is known: an editor needs the same.
    pub account: Option<String>,
    /// What is noted of its use.
    pub watch: Watch,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// None for a workspace that was never started.
    pub at: Option<DateTime<Utc>>,
    pub by: Option<EndedBy>,
    pub why: String,
    /// Whether its hours stand in a usage record.
    pub recorded: bool,
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// A person asked.
    Member(Member),
    /// A start of another profile or image took its place.
    Start(Member),
    /// The member left the group.
    Leaving,
    /// The sign-in that it waited for came to nothing.
    SignIn,
    /// It was idle, or past its time.
    Sweep,
}

impl fmt::Display for EndedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(person) => write!(f, "member {person}"),
            Self::Start(person) => write!(f, "start {person}"),
            Self::Leaving => f.write_str("leaving"),
            Self::SignIn => f.write_str("sign-in"),
            Self::Sweep => f.write_str("sweep"),
        }
    }
}

/// A pod of a workspace, as far as a decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub name: String,
    pub uid: String,
    /// The session that it was made for.
    pub session: Option<String>,
    /// Whether the workspace's container has run, even if it runs no more.
    pub has_run: bool,
}

/// What a pod shows from outside, before its agent is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodState {
    /// Its container runs. So is every state counted that nobody here knows: then the agent's word decides.
    Runs,
    /// The cluster calls its machine silent while its container runs.
    Unreachable,
    /// It has a machine, and nothing of it runs there: why, as a clause.
    Halted { why: String },
    /// No machine has taken it.
    Unplaced,
}

/// What lists tell of a member's workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Occupancy {
    pub member: Member,
    /// The StatefulSet's uid.
    pub uid: String,
    pub session: Option<Session>,
    pub ended: Option<Ended>,
    pub seen: Seen,
    /// The pods that nobody deletes yet. They were listed first: one can only be older than the session.
    pub pods: Vec<Pod>,
    /// What the pod of its session shows; none where there is none.
    pub state: Option<PodState>,
}

impl Occupancy {
    /// The session, while it runs or waits.
    #[must_use]
    pub fn current(&self) -> Option<&Session> {
        if self.ended.is_none() { self.session.as_ref() } else { None }
    }
}

impl Workspace {
    /// The session, while it runs or waits.
    #[must_use]
    pub fn current(&self) -> Option<&Session> {
        if self.ended.is_none() { self.session.as_ref() } else { None }
    }
}
