//! The machine under a pod: waited for, refusing, lost, or holding a pod that should be gone.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::{Event, Pod as KubePod};

use crate::{
    cluster::{
        diagnose::{
            event::{self, last, message, reason},
            gpu, placing,
        },
        observe,
    },
    domain::{
        situation::{Phase, Situation},
        workspace::Session,
    },
};

/// A machine comes within 15 minutes, or the autoscaler gives it up; after this, nobody knows what keeps it.
const LATE: TimeDelta = TimeDelta::minutes(20);

/// How long a pod may outlive the moment by which it should be gone.
const OVERDUE: TimeDelta = TimeDelta::minutes(5);

/// A kubelet that begins anew may call its pods not ready for a moment.
const BLINK: TimeDelta = TimeDelta::seconds(15);

/// A pod that has no machine yet.
pub fn waiting(
    pod: &KubePod,
    events: &[&Event],
    claims: &[&Event],
    session: &Session,
    now: DateTime<Utc>,
) -> Option<Situation> {
    if is_placed(pod) {
        return None;
    }
    let since = unplaced_since(pod);
    let told = event::meaning(placing::PLACING, events.iter().chain(claims).copied())
        .or_else(|| event::meaning(placing::SCHEDULING, events.iter().copied()));
    let says = format!("Waiting for a machine for profile '{}'.", session.profile);
    let situation = gpu::late(events)
        .or_else(|| told.and_then(|told| told.situation(since, now)))
        .unwrap_or_else(|| Situation::new(Phase::Starting, says, since).usually("3 to 10 minutes"));
    let heard = told.filter(|t| t.row.phase == Phase::Starting && !t.row.says.is_empty());
    let late = heard.and_then(|t| t.last).or(since).is_some_and(|at| now - at > LATE);
    if situation.phase == Phase::Starting && late {
        let says = "No machine of your size has come for more than 20 minutes, and nobody says why.";
        let next = "It is still tried. Start with another profile, and tell an admin.";
        return Some(Situation::new(Phase::Failed, says, since).next(next));
    }
    Some(situation)
}

/// Whether a pod has a machine.
pub fn is_placed(pod: &KubePod) -> bool {
    pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some())
}

/// Since when a pod waits for one.
pub fn unplaced_since(pod: &KubePod) -> Option<DateTime<Utc>> {
    observe::condition(pod, "PodScheduled")
        .and_then(|c| c.last_transition_time.as_ref())
        .or(pod.metadata.creation_timestamp.as_ref())
        .and_then(observe::time)
}

/// A pod whose machine is gone or silent, or which is taken away while it is wished for.
pub fn lost(pod: &KubePod, now: DateTime<Utc>) -> Option<Situation> {
    let status = pod.status.as_ref();
    let disruption = observe::condition(pod, "DisruptionTarget").filter(|c| c.status == "True");
    let silent = observe::silent(pod).filter(|c| {
        let since = c.last_transition_time.as_ref().and_then(observe::time);
        since.is_none_or(|since| now - since > BLINK)
    });
    let since = disruption.or(silent).and_then(|c| c.last_transition_time.as_ref()).and_then(observe::time);
    let by = disruption.and_then(|c| c.reason.as_deref()).unwrap_or_default();
    let why = status.and_then(|s| s.reason.as_deref()).unwrap_or_default();
    let words = status.and_then(|s| s.message.as_deref()).unwrap_or_default();
    let (phase, says, next) = match (by, why) {
        ("PreemptionByScheduler", _) | (_, "Preempting") => (
            Phase::Starting,
            "Your machine was given to something more important.",
            "It starts again by itself when a machine is there. Tell an admin: priorities should not do this.",
        ),
        (_, "Evicted") => (
            Phase::Failed,
            put_out(words),
            "It starts again by itself. Free space there, or start with a larger profile.",
        ),
        (_, "Terminated" | "NodeShutdown") => {
            (Phase::Failed, "The machine under your workspace is being shut down.", LOST_NEXT)
        }
        ("DeletionByTaintManager" | "DeletionByPodGC", _) | (_, "NodeLost") => {
            (Phase::Failed, LOST, LOST_NEXT)
        }
        ("EvictionByEvictionAPI", _) => (
            Phase::Starting,
            "Your machine is taken out of use, mostly for an update.",
            "It starts again on another machine by itself. Home and data are kept.",
        ),
        _ if status.is_some_and(|s| s.phase.as_deref() == Some("Failed")) => refused(why, words),
        _ if silent.is_some() => (Phase::Failed, LOST, LOST_NEXT),
        _ if overdue(pod, now) => (Phase::Failed, STUCK, STUCK_NEXT),
        _ if pod.metadata.deletion_timestamp.is_some() => (
            Phase::Starting,
            "Your workspace is being ended from outside, and starts again.",
            "If nobody told you why, ask an admin.",
        ),
        _ => return None,
    };
    Some(Situation::new(phase, says, since).next(next))
}

/// Why a pod that should be gone is still there.
pub enum Lingers {
    /// Its machine can not be asked.
    Lost,
    /// Its machine does not let it go.
    Stuck,
}

/// A pod that should be gone and is not, if that is more than the usual time for an end.
pub fn lingers(pods: &[KubePod], now: DateTime<Utc>) -> Option<Lingers> {
    let leaving = |pod: &&KubePod| pod.metadata.deletion_timestamp.is_some();
    pods.iter().filter(leaving).find_map(|pod| {
        let silent = observe::silent(pod).map(|_| Lingers::Lost);
        silent.or_else(|| overdue(pod, now).then_some(Lingers::Stuck))
    })
}

/// What ended the try before this one, so that a start that begins again is no riddle.
pub fn before(pod: &KubePod, events: &[Event], started: DateTime<Utc>) -> Option<&'static str> {
    let earlier = events
        .iter()
        .filter(|e| e.involved_object.kind.as_deref() == Some("Pod"))
        // the taint manager names no uid
        .filter(|e| e.involved_object.uid != pod.metadata.uid)
        .filter(|e| last(e).is_some_and(|at| at >= started));
    let (_, why) = earlier
        .filter_map(|e| {
            let why = match reason(e) {
                "Evicted" => "The last try ended because the machine ran out of disk or memory.",
                "UnexpectedAdmissionError" if names_gpu(message(e)) => {
                    "The machine of the last try had no GPU that works."
                }
                "UnexpectedAdmissionError" => "The machine of the last try was not ready.",
                "Preempted" | "Preempting" => "The last try had to give its machine away.",
                "TaintManagerEviction" if message(e).starts_with("Marking") => "The last machine was lost.",
                "NodeNotReady" => "The last machine was lost.",
                other if other.starts_with("OutOf") => "The machine of the last try had no room left.",
                _ => return None,
            };
            Some((last(e), why))
        })
        .max_by_key(|(at, _)| *at)?;
    Some(why)
}

const LOST: &str = "The machine under your workspace is lost: it does not answer any more.";
// a new start does not help here: the old pod keeps its name until its machine is given up
const LOST_NEXT: &str = "Home and data are kept. A new machine is brought by itself once the cloud has given up the old one, \
                         mostly within 15 minutes; an admin can delete the old one sooner.";
const STUCK: &str = "Your workspace was ended from outside, and its machine does not let it go.";
const STUCK_NEXT: &str = "Home and data are kept. Tell an admin: it starts again once that machine is gone.";

/// A pod that its machine turned away before anything ran; a new one is made at once.
fn refused(why: &str, words: &str) -> (Phase, &'static str, &'static str) {
    if names_gpu(words) {
        let says = "The machine is there, but its GPU is not ready; it is tried again.";
        return (Phase::Starting, says, gpu::NOT_WELL);
    }
    let says = if why.starts_with("OutOf") {
        "The machine had no room left for your workspace; another one is looked for."
    } else {
        "The machine did not take your workspace; it is tried again."
    };
    (Phase::Starting, says, "If it goes on for 10 minutes, stop, start again, and tell an admin.")
}

fn names_gpu(words: &str) -> bool {
    ["nvidia.com/", "nvml", "device plugin"].iter().any(|name| words.contains(name))
}

fn put_out(words: &str) -> &'static str {
    if words.contains("resource: memory") || words.contains("MemoryPressure") {
        "Your workspace was put out because its machine ran short of memory."
    } else if words.contains("pids") || words.contains("PIDPressure") {
        "Your workspace was put out because its machine ran too many processes."
    } else if words.contains("EmptyDir") {
        "Your workspace was put out because it filled a folder in memory beyond its limit."
    } else {
        "Your workspace was put out because its machine's own disk is full; your home is another disk."
    }
}

fn overdue(pod: &KubePod, now: DateTime<Utc>) -> bool {
    let due = pod.metadata.deletion_timestamp.as_ref().and_then(observe::time);
    due.is_some_and(|due| now - due > OVERDUE)
}
