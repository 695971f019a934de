//! The containers of a pod on its machine: being prepared, in trouble, or running.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Event, Pod as KubePod};

use crate::{
    cluster::{diagnose::messages, observe},
    domain::{
        situation::{Phase, Situation},
        workspace::Session,
    },
};

/// Words of a waiting container that mean that its image can not be had.
const PULL_TROUBLE: [&str; 5] =
    ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"];

/// A container that can not begin, or that ended.
pub fn trouble(pod: &KubePod, events: &[&Event], session: &Session) -> Option<Situation> {
    statuses(pod).find_map(|c| pull(c, events).or_else(|| cannot_begin(c)).or_else(|| ended(c, session)))
}

/// A container that has not begun yet, with nothing wrong so far.
pub fn waiting(pod: &KubePod, events: &[&Event], session: &Session) -> Option<Situation> {
    if observe::runs(pod) {
        return None;
    }
    let since = pod.status.as_ref().and_then(|s| s.start_time.as_ref()).and_then(observe::time);
    // an event of an earlier step stays: a mount that failed and then went well has begun a container since
    let begun = statuses(pod)
        .any(|c| c.state.as_ref().is_some_and(|s| s.terminated.is_some() || s.running.is_some()));
    let told = messages::meaning(messages::PREPARING, events)
        .filter(|(event, _)| !begun || messages::reason(event) == "Pulling")
        .map(|(event, meaning)| meaning.situation(messages::time(event)));
    Some(told.unwrap_or_else(|| {
        let says =
            format!("The machine is there and prepares your workspace with image '{}'.", session.image);
        Situation::new(Phase::Starting, says, since).usually("under a minute")
    }))
}

/// Since when the workspace's container runs.
pub fn running_since(pod: &KubePod) -> Option<DateTime<Utc>> {
    observe::time(observe::container(pod)?.state.as_ref()?.running.as_ref()?.started_at.as_ref()?)
}

fn statuses(pod: &KubePod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|s| s.init_container_statuses.as_ref()).into_iter().flatten();
    init.chain(status.and_then(|s| s.container_statuses.as_ref()).into_iter().flatten())
}

fn pull(container: &ContainerStatus, events: &[&Event]) -> Option<Situation> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().filter(|r| PULL_TROUBLE.contains(r))?;
    if reason == "InvalidImageName" {
        let says = format!("'{}' is no name of an image.", container.image);
        return Some(Situation::new(Phase::Failed, says, None).next("Stop, and start with another image."));
    }
    // a back-off does not repeat why: the event of the pull itself does
    let failed = events.iter().copied().filter(|e| messages::reason(e) == "Failed");
    let event =
        messages::newest(failed.filter(|e| e.message.as_deref().unwrap_or_default().contains("pull")));
    let words = event.and_then(|e| e.message.as_deref()).or(waiting.message.as_deref()).unwrap_or_default();
    let words = words.to_lowercase();
    let row = messages::PULLING.iter().find(|(contains, ..)| words.contains(contains))?;
    let since = event.and_then(messages::time);
    Some(Situation::new(Phase::Failed, row.1.replace("{}", &container.image), since).next(row.2))
}

fn cannot_begin(container: &ContainerStatus) -> Option<Situation> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let says = match waiting.reason.as_deref()? {
        "CreateContainerConfigError" | "CreateContainerError" => "The workspace's container can not be made.",
        "RunContainerError" => {
            "The workspace's container can not begin: the image may lack what every program needs."
        }
        _ => return None,
    };
    let next = "Stop, start with another image, and tell an admin what you see here.";
    Some(Situation::new(Phase::Failed, says, None).next(next))
}

/// The container ended, now or just before it was begun again.
fn ended(container: &ContainerStatus, session: &Session) -> Option<Situation> {
    let state = container.state.as_ref()?;
    let crashes = state.waiting.as_ref().and_then(|w| w.reason.as_deref()) == Some("CrashLoopBackOff");
    let last = container.last_state.as_ref().and_then(|s| s.terminated.as_ref());
    let end = match &state.terminated {
        Some(end) => end,
        None if crashes => last?,
        None => return None,
    };
    if container.name != observe::CONTAINER && end.exit_code == 0 {
        return None;
    }
    Some(told(end, session))
}

fn told(end: &ContainerStateTerminated, session: &Session) -> Situation {
    let since = end.finished_at.as_ref().and_then(observe::time);
    if end.reason.as_deref() == Some("OOMKilled") {
        let says = format!(
            "Your workspace was ended because it used more memory than profile '{}' has.",
            session.profile
        );
        return Situation::new(Phase::Failed, says, since)
            .next("It starts again by itself. Use less memory, or stop and start with a larger profile.");
    }
    let says = format!("Your workspace's first process ended with code {}.", end.exit_code);
    Situation::new(Phase::Failed, says, since)
        .next("It starts again by itself. If it goes on, read the logs, stop, and start with another image.")
}
