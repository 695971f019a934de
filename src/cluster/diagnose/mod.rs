//! What a workspace does or waits for, in words: from conditions, states and events. Pure.

mod container;
mod machine;
mod messages;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{Event, Pod as KubePod};

use crate::{
    cluster::{Look, observe},
    domain::{
        link::{Link, LinkState},
        situation::{Phase, Situation},
        workspace::{Session, Workspace},
    },
};

/// Says where a workspace stands. `look` is none where there is no workspace.
#[must_use]
pub fn diagnose(look: Option<&Look>, now: DateTime<Utc>) -> Situation {
    let Some(look) = look else {
        return Situation::new(Phase::Absent, "There is no workspace.", None);
    };
    match look.workspace.current() {
        None => off(&look.workspace, &look.pods),
        Some(session) => on(look, session, now),
    }
}

fn off(workspace: &Workspace, pods: &[KubePod]) -> Situation {
    let ended = workspace.ended.as_ref();
    let since = ended.and_then(|e| e.at);
    let why = ended.map_or_else(|| "unknown".to_owned(), |e| e.why.clone());
    if let Some(lost) = pods.iter().find_map(|pod| machine::lost_while_stopping(pod, since)) {
        return lost;
    }
    if !pods.is_empty() || !workspace.settled {
        return Situation::new(
            Phase::Stopping,
            format!("Your workspace ends: {why}. Home and data are kept."),
            since,
        )
        .usually("under a minute");
    }
    let says = if since.is_some() {
        format!("Your workspace is off: {why}. Home and data are kept.")
    } else {
        "Your workspace is ready and was never started.".to_owned()
    };
    Situation::new(Phase::Stopped, says, since).next("Start it when you need it.")
}

fn on(look: &Look, session: &Session, now: DateTime<Utc>) -> Situation {
    let Some(started) = session.started else {
        return Situation::new(
            Phase::SignIn,
            "Your start waits until you have signed in.",
            Some(session.asked),
        );
    };
    let Some(pod) = look.pods.iter().find(|p| observe::session(p) == Some(&session.id)) else {
        return before_the_pod(look, started);
    };
    let events: Vec<&Event> =
        look.events.iter().filter(|e| e.involved_object.uid == pod.metadata.uid).collect();
    machine::lost(pod)
        .or_else(|| machine::waiting(pod, &events, session))
        .or_else(|| container::trouble(pod, &events, session))
        .or_else(|| container::waiting(pod, &events, session))
        .unwrap_or_else(|| running(look, pod, started, now))
}

fn before_the_pod(look: &Look, started: DateTime<Utc>) -> Situation {
    if !look.pods.is_empty() {
        return Situation::new(Phase::Starting, "Waiting for your last run to end.", Some(started))
            .usually("under a minute");
    }
    let refused = messages::newest(look.events.iter().filter(|e| messages::reason(e) == "FailedCreate"));
    match refused.filter(|e| messages::time(e).is_some_and(|at| at >= started)) {
        Some(event) => messages::not_created(event),
        None => {
            Situation::new(Phase::Starting, "Your workspace is being made.", Some(started)).usually("seconds")
        }
    }
}

fn running(look: &Look, pod: &KubePod, started: DateTime<Utc>, now: DateTime<Utc>) -> Situation {
    let since = container::running_since(pod).unwrap_or(started);
    let Some(link) = look.line.as_ref().map(|line| line.link.clone().not_after(now)) else {
        return Situation::new(
            Phase::Starting,
            "Your machine runs; its tunnel is being set up.",
            Some(since),
        )
        .usually("half a minute");
    };
    linked(link)
}

fn linked(link: Link) -> Situation {
    let since = Some(link.since);
    let why = if link.why.is_empty() { String::new() } else { format!(" ({})", link.why) };
    match link.state {
        LinkState::Unknown | LinkState::Connecting => {
            Situation::new(Phase::Starting, format!("Your machine runs; its tunnel connects{why}."), since)
                .usually("half a minute")
        }
        LinkState::Connected => Situation::new(Phase::Running, "Your workspace runs and can be reached.", since),
        LinkState::Lost => Situation::new(
            Phase::Running,
            format!("Your workspace runs, but its tunnel is lost{why}; it connects again by itself."),
            since,
        )
        .usually("two minutes"),
        LinkState::Refused => Situation::new(
            Phase::Running,
            format!("Your workspace runs, but the tunnel refuses its sign-in{why}."),
            since,
        )
        .next("Your work goes on. The tunnel needs a new sign-in: ask an admin for it, or stop and start again."),
    }
}
