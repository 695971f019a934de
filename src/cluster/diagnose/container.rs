//! The containers of a pod on its machine: being prepared, in trouble, or ended.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::{
    ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, Event, Pod as KubePod,
};

use crate::{
    cluster::{
        diagnose::{event, image, preparing},
        observe,
    },
    domain::{
        situation::{Phase, Situation},
        workspace::Session,
    },
};

/// For how long a workspace that runs again says that it was ended: long enough for its person to come back and
/// wonder, short enough not to be read as news the next hour.
const REMEMBERED: TimeDelta = TimeDelta::minutes(15);

/// After this, a preparation that nobody complains about is no longer usual.
const LATE: TimeDelta = TimeDelta::minutes(15);

/// So much of what a program said is handed on.
const WORDS: usize = 300;

const ADMIN: &str = "Stop, start again, and tell an admin what you see here.";

/// What the words of a container that can not begin mean, by what they contain.
pub const BEGINNING: &[(&str, &str, &str)] = &[
    (
        "unsatisfied condition: cuda",
        "The image needs a newer GPU driver than the machine has.",
        "Stop, and start with an image for an older CUDA.",
    ),
    (
        "nvidia-container",
        "The machine's GPU can not be used.",
        "Stop and start again, maybe on another machine, and tell an admin: this one's GPU is not well.",
    ),
    (
        "exec format error",
        "The image is made for another kind of machine.",
        "Stop, and start with an image for amd64.",
    ),
    (
        "exec: \"/opt/dcaas/bin/dcaas\": stat",
        "The platform's program is not in its image.",
        "Tell an admin: the setting PLATFORM_IMAGE names an image without it.",
    ),
    ("", "Your workspace can not begin on its machine.", ADMIN),
];

/// A container that can not begin, or that ended.
pub fn trouble(pod: &KubePod, events: &[&Event], session: &Session) -> Option<Situation> {
    statuses(pod).find_map(|(c, init)| {
        image::trouble(c, init, events).or_else(|| cannot_begin(c)).or_else(|| ended(c, init, session))
    })
}

/// A container that has not begun yet, with nothing wrong so far.
pub fn waiting(pod: &KubePod, events: &[&Event], session: &Session, now: DateTime<Utc>) -> Option<Situation> {
    if observe::runs(pod) {
        return None;
    }
    let placed = observe::condition(pod, "PodScheduled").and_then(|c| c.last_transition_time.as_ref());
    let status = pod.status.as_ref();
    let since = status.and_then(|s| s.start_time.as_ref()).or(placed).and_then(observe::time);
    // events are to the second, and the first container may take none: once it is done, only the other's count
    let installed = statuses(pod).any(|(c, init)| init && finished(c));
    let ours = |e: &&Event| {
        let field = e.involved_object.field_path.as_deref().unwrap_or_default();
        field.ends_with("{workspace}") == installed
    };
    let told = event::meaning(preparing::PREPARING, events.iter().copied().filter(ours));
    let told = told.and_then(|told| told.situation(told.first, now));
    Some(told.unwrap_or_else(|| {
        let says =
            format!("The machine is there and prepares your workspace with image '{}'.", session.image);
        let situation = Situation::new(Phase::Starting, says, since).usually("under a minute");
        if since.is_some_and(|since| now - since > LATE) {
            return situation.next("This takes longer than it should: stop, start again, and tell an admin.");
        }
        situation
    }))
}

/// What ended the container before it began again, for as long as this is news.
pub fn began_again(pod: &KubePod, session: &Session, now: DateTime<Utc>) -> Option<(String, &'static str)> {
    let end = observe::container(pod)?.last_state.as_ref()?.terminated.as_ref()?;
    let at = end.finished_at.as_ref().and_then(observe::time)?;
    (now - at < REMEMBERED).then(|| {
        let (why, next) = why(end, session);
        (format!("It began again at {} UTC: {why}.", at.format("%H:%M")), next)
    })
}

/// All containers that have a state, those that run first first; and whether they are such.
fn statuses(pod: &KubePod) -> impl Iterator<Item = (&ContainerStatus, bool)> {
    let status = pod.status.as_ref();
    let init = status.and_then(|s| s.init_container_statuses.as_ref());
    let main = status.and_then(|s| s.container_statuses.as_ref());
    let init = init.into_iter().flatten().map(|c| (c, true));
    init.chain(main.into_iter().flatten().map(|c| (c, false)))
}

fn finished(container: &ContainerStatus) -> bool {
    terminated(container).is_some_and(|end| end.exit_code == 0)
}

fn terminated(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    container.state.as_ref()?.terminated.as_ref()
}

fn crashes(container: &ContainerStatus) -> Option<&ContainerStateWaiting> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    (waiting.reason.as_deref() == Some("CrashLoopBackOff")).then_some(waiting)
}

/// The end that counts now: of a container that has just ended, or that waits to begin again.
fn end(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    let last = container.last_state.as_ref().and_then(|s| s.terminated.as_ref());
    terminated(container).or_else(|| crashes(container).and(last))
}

fn cannot_begin(container: &ContainerStatus) -> Option<Situation> {
    let waiting = container.state.as_ref().and_then(|s| s.waiting.as_ref());
    let words = waiting.and_then(|w| w.message.as_deref()).unwrap_or_default();
    let (words, since) = match waiting.and_then(|w| w.reason.as_deref()) {
        Some("CreateContainerConfigError" | "CreateContainerError" | "RunContainerError") => (words, None),
        // what could not begin counts as ended, too, before it is tried again
        _ => {
            let end = end(container)
                .filter(|e| matches!(e.reason.as_deref(), Some("StartError" | "ContainerCannotRun")))?;
            (end.message.as_deref().unwrap_or_default(), finished_at(end))
        }
    };
    let (_, says, next) = BEGINNING[begin(words)];
    Some(Situation::new(Phase::Failed, says, since).next(next))
}

/// The row of the words of a container that can not begin.
pub fn begin(words: &str) -> usize {
    let row = BEGINNING.iter().position(|(contains, ..)| words.contains(contains));
    row.unwrap_or(BEGINNING.len() - 1)
}

/// The container ended, now or just before it is begun again.
fn ended(container: &ContainerStatus, init: bool, session: &Session) -> Option<Situation> {
    let end = end(container).filter(|end| !init || end.exit_code != 0)?;
    if init {
        return Some(Situation::new(Phase::Failed, not_installed(end), finished_at(end)).next(ADMIN));
    }
    let (why, next) = why(end, session);
    let says = format!("Your workspace ended: {why}.");
    Some(Situation::new(Phase::Failed, says, finished_at(end)).next(next))
}

/// What the installation said last, which the kubelet hands on.
fn not_installed(end: &ContainerStateTerminated) -> String {
    let words = end.message.as_deref().unwrap_or_default();
    if words.contains("exec format error") {
        return "The platform's program is made for another kind of machine.".to_owned();
    }
    let last = words.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let last: String = last.trim_end_matches('.').chars().filter(|c| !c.is_control()).take(WORDS).collect();
    match last.as_str() {
        "" => format!("The platform could not be installed (code {}).", end.exit_code),
        last => format!("The platform could not be installed (code {}): {last}.", end.exit_code),
    }
}

fn why(end: &ContainerStateTerminated, session: &Session) -> (String, &'static str) {
    if end.reason.as_deref() == Some("OOMKilled") {
        return (
            format!("it used more memory than profile '{}' has", session.profile),
            "It starts again by itself. Use less memory, or stop and start with a larger profile.",
        );
    }
    let why = match end.exit_code {
        0 => "its first process came to its end".to_owned(),
        137 => "its first process was killed from outside (code 137)".to_owned(),
        code => format!("its first process ended with code {code}"),
    };
    (why, "It starts again by itself. If it goes on, read the logs, stop, and start with another image.")
}

fn finished_at(end: &ContainerStateTerminated) -> Option<DateTime<Utc>> {
    end.finished_at.as_ref().and_then(observe::time)
}
