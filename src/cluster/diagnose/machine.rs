//! The machine under a pod: waited for, or lost.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::{Event, Pod as KubePod, PodCondition};

use crate::{
    cluster::{diagnose::messages, observe},
    domain::{
        situation::{Phase, Situation},
        workspace::Session,
    },
};

/// A pod that has no machine yet.
pub fn waiting(pod: &KubePod, events: &[&Event], session: &Session) -> Option<Situation> {
    if pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some()) {
        return None;
    }
    let since = condition(pod, "PodScheduled")
        .and_then(|c| c.last_transition_time.as_ref())
        .or(pod.metadata.creation_timestamp.as_ref())
        .and_then(observe::time);
    let told = messages::meaning(messages::PLACING, events).map(|(_, meaning)| meaning.situation(since));
    Some(told.unwrap_or_else(|| {
        let says = format!("Waiting for a machine for profile '{}'.", session.profile);
        Situation::new(Phase::Starting, says, since).usually("3 to 10 minutes")
    }))
}

/// A pod whose machine is gone or silent, or which the cluster takes away, while it is wished for.
pub fn lost(pod: &KubePod) -> Option<Situation> {
    let disruption = condition(pod, "DisruptionTarget").filter(|c| c.status == "True");
    let reason = disruption.and_then(|c| c.reason.as_deref()).unwrap_or_default();
    let status_reason = pod.status.as_ref().and_then(|s| s.reason.as_deref()).unwrap_or_default();
    let silent = pod_is_silent(pod);
    let since = disruption.or(silent).and_then(|c| c.last_transition_time.as_ref()).and_then(observe::time);
    let (says, next) = match (reason, status_reason) {
        ("PreemptionByScheduler", _) => (
            "Another pod took your machine's place.",
            "It starts again by itself when a machine is there. Tell an admin: priorities should not do this.",
        ),
        (_, "Evicted") => (
            "The machine ran out of disk or memory and put your workspace out.",
            "It starts again by itself. Free space, or start with a larger profile.",
        ),
        ("DeletionByTaintManager" | "DeletionByPodGC", _) | (_, "NodeLost") => (LOST, LOST_NEXT),
        _ if silent.is_some() => (LOST, LOST_NEXT),
        _ => return None,
    };
    Some(Situation::new(Phase::Failed, says, since).next(next))
}

const LOST: &str = "The machine under your workspace is lost: it does not answer any more.";
const LOST_NEXT: &str = "Your home and data are kept. A new machine is brought by itself once the cloud has given up the old one, \
                         mostly within 15 minutes; to not wait, stop and start again.";

/// A pod that should end, on a machine that can not be asked.
pub fn lost_while_stopping(pod: &KubePod, since: Option<DateTime<Utc>>) -> Option<Situation> {
    let asked = pod.metadata.deletion_timestamp.as_ref().and_then(observe::time)?;
    let silent = pod_is_silent(pod)?;
    let told = silent.last_transition_time.as_ref().and_then(observe::time);
    // a machine that went silent long before is not what keeps this stop
    told.filter(|at| *at >= asked - TimeDelta::hours(24))?;
    let says = "Your workspace ends, but its machine does not answer any more.";
    Some(
        Situation::new(Phase::Stopping, says, since)
            .next("Home and data are kept. It is off as soon as the cloud has given up the machine."),
    )
}

/// The node controller's word that the machine under a running pod does not answer.
fn pod_is_silent(pod: &KubePod) -> Option<&PodCondition> {
    condition(pod, "Ready").filter(|c| c.status != "True" && observe::runs(pod))
}

fn condition<'a>(pod: &'a KubePod, kind: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|c| c.type_ == kind)
}
