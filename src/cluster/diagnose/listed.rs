//! Where somebody stands, told to an admin: from lists alone, so no event and no log has a word in it.

use chrono::{DateTime, SecondsFormat, Utc};
use k8s_openapi::api::core::v1::Pod as KubePod;

use super::{before_the_pod, container, machine, off, sign_in};
use crate::{
    cluster::{Residence, observe, residences::Run},
    domain::{
        situation::{Phase, Situation},
        workspace::Session,
    },
};

/// Says where somebody stands. `kept_until` is when what is kept of a leaver is deleted.
pub fn listed(of: &Residence, kept_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Situation {
    let Some(Run { session, ended }) = &of.workspace else {
        return absent(of, kept_until, now);
    };
    let mut situation = match (session, ended) {
        (Some(session), None) => on(&of.pods, session, now),
        // a stop is written before its pod goes
        _ => off(ended.as_ref(), of.pods.is_empty(), &of.pods, now),
    };
    // a way on is for those who want one
    if situation.phase == Phase::Stopped {
        situation.next = None;
    }
    let situation = situation.of_another();
    if of.left.is_some() {
        situation.also("They left the group: their workspace is being taken away.")
    } else {
        situation
    }
}

fn absent(of: &Residence, kept_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Situation {
    let since = of.left.map(|left| left.at);
    let new = |says: &str| Situation::new(Phase::Absent, says, since);
    match kept_until.filter(|_| since.is_some()) {
        _ if of.ending => new("What was kept of them is being deleted."),
        Some(until) if until > now => {
            let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
            new(&format!("They left the group. Their home disk is kept until {until}."))
        }
        Some(_) => new("They left the group, and the time of their home disk is over.").next(
            "A later comparison with the group deletes it. Before that, they have it again if they join.",
        ),
        None => new("There is no workspace yet: it is not made to its end.")
            .next("The next comparison with the group goes on with it. If it stays so, the log says why."),
    }
}

fn on(pods: &[KubePod], session: &Session, now: DateTime<Utc>) -> Situation {
    let Some(started) = session.started else { return sign_in(session) };
    let Some(pod) = pods.iter().find(|p| observe::session(p) == Some(&session.id)) else {
        return before_the_pod(pods, &[], started, now);
    };
    machine::lost(pod, now)
        .or_else(|| unplaced(pod, session))
        .or_else(|| container::trouble(pod, &[], session))
        .or_else(|| container::waiting(pod, &[], session, now))
        .unwrap_or_else(|| {
            let says = "Your workspace runs; whether its tunnel is connected, only its own status says.";
            let since = observe::running_since(pod).unwrap_or(started);
            Situation::new(Phase::Running, says, Some(since))
        })
}

/// A pod without a machine. Whether one is on its way, or why none comes, events would say.
fn unplaced(pod: &KubePod, session: &Session) -> Option<Situation> {
    if machine::is_placed(pod) {
        return None;
    }
    let says = format!("Waiting for a machine for profile '{}'.", session.profile);
    Some(Situation::new(Phase::Starting, says, machine::unplaced_since(pod)))
}
