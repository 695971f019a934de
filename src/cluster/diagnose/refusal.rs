//! A pod that the API server does not let the StatefulSet make.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::Event;

use crate::{
    cluster::diagnose::event::{last, message, reason},
    domain::situation::{Phase, Situation},
};

/// Clocks differ: an event this much older than the start may still be about it.
const SKEW: TimeDelta = TimeDelta::seconds(5);

const OTHER_PROFILE: &str = "Stop it, start with another profile, and tell an admin what you see here.";
const ADMIN: &str = "Stop it, and tell an admin what you see here.";
const ITSELF: &str = "It is tried again by itself. If it goes on for 5 minutes, tell an admin.";

/// What a refusal means: all that its message contains, the phase, what to say and what to do next. `{}` stands
/// for the rule's own words.
pub const REFUSALS: &[(&[&str], Phase, &str, &str)] = &[
    // the count of the run before goes down a moment after its pod has gone
    (&["exceeded quota", "pods=1"], Phase::Starting, "Waiting for your last run to end.", ITSELF),
    (
        &["exceeded quota"],
        Phase::Failed,
        "Your quota does not allow a workspace of this size.",
        OTHER_PROFILE,
    ),
    (&["violates PodSecurity"], Phase::Failed, "The cluster's security rules refuse this workspace.", ADMIN),
    (
        &["ontainer image", "has not been allowed"],
        Phase::Failed,
        "The cluster's rules do not allow this image.",
        "Stop it, and start with another image, or ask an admin to allow this one.",
    ),
    (&["denied the request: "], Phase::Failed, "A rule of the cluster refuses this workspace: {}.", ADMIN),
    (&["denied request: "], Phase::Failed, "A rule of the cluster refuses this workspace: {}.", ADMIN),
    (
        &["failed calling webhook"],
        Phase::Starting,
        "A part of the cluster that has to agree does not answer.",
        ITSELF,
    ),
    (
        &["because it is being terminated"],
        Phase::Failed,
        "Your workspace is being removed.",
        "If you should still have one, tell an admin.",
    ),
    (
        &["error looking up service account"],
        Phase::Starting,
        "Your workspace is not fully set up yet.",
        ITSELF,
    ),
    (&[], Phase::Failed, "The cluster refuses to make this workspace.", ADMIN),
];

/// What keeps the StatefulSet from making the pod of a start, if the newest word is a refusal.
pub fn refusal(events: &[Event], started: DateTime<Utc>) -> Option<Situation> {
    let words = events
        .iter()
        .filter(|e| e.involved_object.kind.as_deref() == Some("StatefulSet"))
        .filter(|e| matches!(reason(e), "FailedCreate" | "SuccessfulCreate"))
        .filter(|e| last(e).is_some_and(|at| at >= started - SKEW));
    let newest = words.max_by_key(|e| last(e)).filter(|e| reason(e) == "FailedCreate")?;
    let (_, phase, says, next) = REFUSALS[find(message(newest))];
    let says = says.replace("{}", rule(message(newest)));
    Some(Situation::new(phase, says, last(newest)).next(next))
}

/// The row of a refusal's message.
pub fn find(message: &str) -> usize {
    let fits = |parts: &[&str]| parts.iter().all(|part| message.contains(part));
    let row = REFUSALS.iter().position(|(parts, ..)| fits(parts));
    row.unwrap_or(REFUSALS.len() - 1)
}

/// A rule's own words, not more than a person reads.
fn rule(message: &str) -> &str {
    let words = ["denied the request: ", "denied request: "]
        .iter()
        .find_map(|before| Some(message.split_once(before)?.1))
        .unwrap_or_default();
    let line = words.lines().next().unwrap_or_default();
    line[..line.floor_char_boundary(200)].trim_end_matches('.')
}
