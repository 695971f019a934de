//! What the pod of a session shows from outside, for whoever decides about it: the words are those of a diagnosis.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod as KubePod;

use super::{container, machine};
use crate::{
    cluster::observe,
    domain::workspace::{PodState, Session},
};

/// What a diagnosis says before the cause; the rest of it is the cause.
const ENDED: &str = "Your workspace ended: ";

/// Whether a pod runs, or why not. What is not known here counts as running.
pub fn state(pod: &KubePod, session: &Session, now: DateTime<Utc>) -> PodState {
    if !machine::is_placed(pod) {
        return PodState::Unplaced;
    }
    if observe::silent(pod).is_some() {
        return PodState::Unreachable;
    }
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    let halted = match phase {
        "Failed" => machine::lost(pod, now),
        "Pending" | "Running" => container::trouble(pod, &[], session),
        _ => return PodState::Runs,
    };
    match halted {
        Some(halted) => PodState::Halted { why: clause(&halted.says) },
        None if phase == "Pending" && !observe::runs(pod) => {
            PodState::Halted { why: "its machine still prepares what it needs".to_owned() }
        }
        None => PodState::Runs,
    }
}

/// A sentence as a clause of another.
fn clause(sentence: &str) -> String {
    let cause = sentence.strip_prefix(ENDED).unwrap_or(sentence).trim_end_matches('.');
    let mut letters = cause.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
