//! What a workspace does or waits for, in words: from conditions, states and events. Pure.

mod container;
mod event;
mod gpu;
mod image;
mod listed;
mod machine;
mod placing;
mod preparing;
mod refusal;
mod running;
mod state;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::{Event, Pod as KubePod};

use crate::{
    cluster::{Look, diagnose::machine::Lingers, observe},
    domain::{
        situation::{Phase, Situation},
        workspace::{Ended, Session},
    },
};

pub use listed::listed;
pub use state::state;

/// A pod is made within seconds; after this, what should make it may not be there.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// Says where a workspace stands. `look` is none where there is no workspace.
#[must_use]
pub fn diagnose(look: Option<&Look>, now: DateTime<Utc>) -> Situation {
    let Some(look) = look else {
        return Situation::new(Phase::Absent, "There is no workspace.", None);
    };
    match look.workspace.current() {
        None => off(look.workspace.ended.as_ref(), look.workspace.settled, &look.pods, now),
        Some(session) => on(look, session, now),
    }
}

/// `settled` is whether the cluster has caught up with the wish for no pod.
fn off(ended: Option<&Ended>, settled: bool, pods: &[KubePod], now: DateTime<Utc>) -> Situation {
    let since = ended.and_then(|e| e.at);
    let why = ended.map_or("", |e| e.why.as_str());
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    // what was never on has nothing to end, though the cluster sees to a new workspace a moment later
    if !pods.is_empty() || (!settled && since.is_some()) {
        if let Some(lingers) = machine::lingers(pods, now) {
            let (says, next) = match lingers {
                Lingers::Lost => (
                    "Your workspace ends, but its machine does not answer any more.",
                    "Home and data are kept. It is off as soon as the cloud has given up the machine.",
                ),
                Lingers::Stuck => (
                    "Your workspace ends, but its machine does not let it go.",
                    "Home and data are kept. If it goes on for 10 minutes, tell an admin.",
                ),
            };
            return Situation::new(Phase::Stopping, says, since).next(next);
        }
        let says = format!("Your workspace ends{why}. Home and data are kept.");
        return Situation::new(Phase::Stopping, says, since).usually("under a minute");
    }
    let says = if since.is_some() {
        format!("Your workspace is off{why}. Home and data are kept.")
    } else {
        "Your workspace is ready and was never started.".to_owned()
    };
    Situation::new(Phase::Stopped, says, since).next("Start it when you need it.")
}

fn on(look: &Look, session: &Session, now: DateTime<Utc>) -> Situation {
    let Some(started) = session.started else { return sign_in(session) };
    let Some(pod) = look.pods.iter().find(|p| observe::session(p) == Some(&session.id)) else {
        return before_the_pod(&look.pods, &look.events, started, now);
    };
    // an earlier pod has the same name, and its events stay for an hour
    let events: Vec<&Event> =
        look.events.iter().filter(|e| e.involved_object.uid == pod.metadata.uid).collect();
    if let Some(lost) = machine::lost(pod, now) {
        return lost;
    }
    let starting = machine::waiting(pod, &events, &of_claims(&look.events, started), session, now)
        .or_else(|| container::trouble(pod, &events, session))
        .or_else(|| container::waiting(pod, &events, session, now));
    let Some(starting) = starting else {
        return running::running(look, pod, session, started, now);
    };
    match machine::before(pod, &look.events, started) {
        Some(why) if starting.phase == Phase::Starting => starting.also(why),
        _ => starting,
    }
}

fn sign_in(session: &Session) -> Situation {
    Situation::new(Phase::SignIn, "Your start waits until you have signed in.", Some(session.asked))
}

/// The events of the member's volumes since a start.
fn of_claims(events: &[Event], started: DateTime<Utc>) -> Vec<&Event> {
    let kind = |e: &Event| e.involved_object.kind.as_deref() == Some("PersistentVolumeClaim");
    let new = |e: &Event| event::last(e).is_some_and(|at| at >= started);
    events.iter().filter(|e| kind(e) && new(e)).collect()
}

fn before_the_pod(
    pods: &[KubePod],
    events: &[Event],
    started: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Situation {
    if let Some(lingers) = machine::lingers(pods, now) {
        let (says, next) = match lingers {
            Lingers::Lost => (
                "Your start waits for your last run, whose machine does not answer any more.",
                "It goes on by itself once the cloud has given up that machine, mostly within 15 minutes; \
                 an admin can delete it sooner.",
            ),
            Lingers::Stuck => (
                "Your start waits for your last run, which its machine does not let go.",
                "It goes on by itself when that has ended. If it does not within 10 minutes, tell an admin.",
            ),
        };
        return Situation::new(Phase::Failed, says, Some(started)).next(next);
    }
    if !pods.is_empty() {
        let says = "Waiting for your last run to end.";
        return Situation::new(Phase::Starting, says, Some(started)).usually("under a minute");
    }
    if let Some(refused) = refusal::refusal(events, started) {
        return refused;
    }
    let making =
        Situation::new(Phase::Starting, "Your workspace is being made.", Some(started)).usually("seconds");
    if now - started > LATE {
        return making.next("This takes longer than it should: tell an admin.");
    }
    making
}
