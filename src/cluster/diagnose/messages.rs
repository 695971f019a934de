//! The table of events that tell a person something, with what it means and what to do next.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Event;

use crate::{
    cluster::observe,
    domain::situation::{Phase, Situation},
};

/// A row: an event's reason, what its message contains, and what it means.
pub struct Meaning {
    reason: &'static str,
    contains: &'static str,
    phase: Phase,
    pub says: &'static str,
    next: &'static str,
    usually: &'static str,
}

const fn failed(
    reason: &'static str,
    contains: &'static str,
    says: &'static str,
    next: &'static str,
) -> Meaning {
    Meaning { reason, contains, phase: Phase::Failed, says, next, usually: "" }
}

const fn passing(
    reason: &'static str,
    contains: &'static str,
    says: &'static str,
    usually: &'static str,
) -> Meaning {
    Meaning { reason, contains, phase: Phase::Starting, says, next: "", usually }
}

const WAIT_OR_OTHER: &str = "It starts by itself when a machine is free. Or start with another profile.";

/// What the scheduler and the cluster autoscaler say about a pod without a machine.
pub const PLACING: &[Meaning] = &[
    passing("TriggeredScaleUp", "", "A machine of your size is on its way.", "3 to 10 minutes"),
    failed(
        "NotTriggerScaleUp",
        "max node group size reached",
        "All machines of this size are in use: the pool is at its maximum.",
        WAIT_OR_OTHER,
    ),
    failed(
        "NotTriggerScaleUp",
        "max total nodes in cluster reached",
        "The cluster has as many machines as it may have.",
        WAIT_OR_OTHER,
    ),
    failed(
        "NotTriggerScaleUp",
        "max cluster cpu",
        "The cluster has as many cores as it may have.",
        WAIT_OR_OTHER,
    ),
    failed(
        "NotTriggerScaleUp",
        "in backoff after failed scale-up",
        "The cloud gives no machine of this size just now: its quota or its stock is used up. It is tried again.",
        WAIT_OR_OTHER,
    ),
    failed(
        "NotTriggerScaleUp",
        "volume node affinity conflict",
        "Your home disk is in another zone than every machine of this size.",
        "Start with a profile of that zone, or ask an admin to move the disk.",
    ),
    failed(
        "NotTriggerScaleUp",
        "untolerated taint",
        "No pool of machines accepts this profile.",
        "Start with another profile, and tell an admin: the profile's tolerations fit no pool.",
    ),
    failed(
        "NotTriggerScaleUp",
        "didn't match Pod's node affinity",
        "No pool of machines belongs to this profile.",
        "Start with another profile, and tell an admin: the profile's node selector fits no pool.",
    ),
    failed(
        "NotTriggerScaleUp",
        "Insufficient",
        "No machine is large enough for this profile.",
        "Start with another profile, and tell an admin: the profile asks for more than its machines have.",
    ),
    failed(
        "FailedScheduling",
        "volume node affinity conflict",
        "Your home disk is in another zone than every machine of this size.",
        "Start with a profile of that zone, or ask an admin to move the disk.",
    ),
    failed(
        "FailedScheduling",
        "persistentvolumeclaim \"",
        "A volume of your workspace is missing.",
        "Tell an admin: your things have to be provisioned again.",
    ),
];

/// What the kubelet says about a pod on its machine.
pub const PREPARING: &[Meaning] = &[
    failed(
        "FailedAttachVolume",
        "Multi-Attach error",
        "Your home disk is still attached to another machine.",
        "It is let go when that machine is gone, mostly within 10 minutes; then the start goes on by itself.",
    ),
    failed(
        "FailedAttachVolume",
        "",
        "Your home disk can not be attached to the machine.",
        "It is tried again. If it goes on for 10 minutes, stop, start again, and tell an admin.",
    ),
    failed(
        "FailedMount",
        "",
        "A volume can not be mounted on the machine.",
        "It is tried again. If it goes on for 10 minutes, stop, start again, and tell an admin.",
    ),
    passing("Pulling", "", "The image is being pulled.", "1 to 5 minutes for a large one"),
];

/// What the words of a failed pull mean, by what they contain.
pub const PULLING: &[(&str, &str, &str)] = &[
    ("not found", "There is no image '{}'.", "Check its name and tag, stop, and start with another one."),
    (
        "manifest unknown",
        "There is no image '{}'.",
        "Check its name and tag, stop, and start with another one.",
    ),
    (
        "does not exist",
        "There is no image '{}'.",
        "Check its name and tag, stop, and start with another one.",
    ),
    (
        "unauthorized",
        "The machine may not pull the image '{}'.",
        "Ask an admin to allow it, or stop and start with another image.",
    ),
    (
        "denied",
        "The machine may not pull the image '{}'.",
        "Ask an admin to allow it, or stop and start with another image.",
    ),
    (
        "forbidden",
        "The machine may not pull the image '{}'.",
        "Ask an admin to allow it, or stop and start with another image.",
    ),
    (
        "no space left",
        "The image '{}' is too large for the machine's disk.",
        "Start with a smaller image, or ask an admin for larger disks.",
    ),
    (
        "",
        "The image '{}' can not be pulled.",
        "It is tried again. If it goes on, stop and start with another image.",
    ),
];

/// The newest event that the table knows, and what it means.
pub fn meaning<'a>(table: &'static [Meaning], events: &[&'a Event]) -> Option<(&'a Event, &'static Meaning)> {
    let known = events.iter().filter_map(|event| {
        let message = event.message.as_deref().unwrap_or_default();
        let row = table.iter().find(|row| row.reason == reason(event) && message.contains(row.contains))?;
        Some((*event, row))
    });
    known.max_by_key(|(event, _)| time(event))
}

impl Meaning {
    /// The row as a situation.
    pub fn situation(&self, since: Option<DateTime<Utc>>) -> Situation {
        let mut situation = Situation::new(self.phase, self.says, since);
        if !self.next.is_empty() {
            situation = situation.next(self.next);
        }
        if !self.usually.is_empty() {
            situation = situation.usually(self.usually);
        }
        situation
    }
}

/// A pod that the API server does not let the StatefulSet make.
pub fn not_created(event: &Event) -> Situation {
    let message = event.message.as_deref().unwrap_or_default();
    let says = if message.contains("exceeded quota") {
        "Your quota does not allow a workspace of this size."
    } else if message.contains("PodSecurity") {
        "The cluster's security rules refuse this workspace."
    } else {
        "The cluster refuses to make this workspace."
    };
    Situation::new(Phase::Failed, says, time(event))
        .next("Stop it, start with another profile, and tell an admin what you see here.")
}

/// The newest of some events.
pub fn newest<'a>(events: impl Iterator<Item = &'a Event>) -> Option<&'a Event> {
    events.max_by_key(|event| time(event))
}

pub fn reason(event: &Event) -> &str {
    event.reason.as_deref().unwrap_or_default()
}

/// When an event was last seen. Different writers fill different fields.
pub fn time(event: &Event) -> Option<DateTime<Utc>> {
    let series = event.series.as_ref().and_then(|s| s.last_observed_time.as_ref()).map(|t| &t.0);
    let once = event.event_time.as_ref().map(|t| &t.0);
    let plain = [&event.last_timestamp, &event.first_timestamp, &event.metadata.creation_timestamp];
    series
        .or_else(|| event.last_timestamp.as_ref().map(|t| &t.0))
        .or(once)
        .and_then(|t| DateTime::from_timestamp(t.as_second(), 0))
        .or_else(|| plain.into_iter().flatten().find_map(observe::time))
}
