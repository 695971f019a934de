//! The GPUs of a machine that is there: not told yet, or not well any more.

use k8s_openapi::api::core::v1::{Event, Pod as KubePod};

use crate::{
    cluster::{
        diagnose::event::{first, last, message, reason},
        observe,
    },
    domain::situation::{Phase, Situation},
};

/// What GPUs are called in requests and in the machines' words.
const GPU: &str = "nvidia.com/gpu";

/// What to do about GPUs that do not come.
pub const NOT_WELL: &str =
    "If it goes on for 10 minutes, stop, start again, and tell an admin: that machine's GPU is not well.";

/// What is said, and to be done, while a GPU of a workspace that runs is not well.
pub const GONE: (&str, &str) = (
    "A GPU of its machine is gone, or not well: programs can not use it.",
    "What does not need it goes on. For another machine, stop and start again; and tell an admin.",
);

/// A machine has come that has room for this pod, and nobody has told the cluster of its GPUs yet: since it was asked
/// for, the scheduler counts more machines that lack nothing else.
pub fn late(events: &[&Event]) -> Option<Situation> {
    let asked = events.iter().filter(|e| reason(e) == "TriggeredScaleUp").filter_map(|e| last(e)).max()?;
    let refusals = || events.iter().filter(|e| reason(e) == "FailedScheduling");
    let newest = refusals().max_by_key(|e| last(e))?;
    let since = first(newest).filter(|at| *at >= asked)?;
    let before = refusals().filter(|e| first(e).is_some_and(|at| at < asked));
    let before = before.map(|e| lack_gpus(message(e))).max().unwrap_or(0);
    (lack_gpus(message(newest)) > before).then(|| {
        let says = "A machine of your size is there; its GPU is not ready yet.";
        Situation::new(Phase::Starting, says, Some(since)).usually("a minute or two").next(NOT_WELL)
    })
}

/// Whether the machine says of a GPU that the workspace has that it is not well.
pub fn gone(pod: &KubePod) -> bool {
    let resources = observe::container(pod).and_then(|c| c.allocated_resources_status.as_ref());
    let gpus = resources.into_iter().flatten().filter(|resource| resource.name == GPU);
    let mut devices = gpus.flat_map(|gpu| gpu.resources.iter().flatten());
    devices.any(|device| device.health.as_deref() == Some("Unhealthy"))
}

/// How many machines have room and lack only GPUs, by the scheduler's words.
fn lack_gpus(words: &str) -> usize {
    // what comes after that is about other pods that could give way
    let words = words.split("preemption:").next().unwrap_or_default();
    let lack = |what: &str| {
        let counts = words.split([',', ':']).filter_map(|part| {
            let (count, lacks) = part.trim().split_once(" Insufficient ")?;
            lacks.split_whitespace().next()?.trim_end_matches('.').eq(what).then_some(count)
        });
        counts.filter_map(|count| count.parse::<usize>().ok()).sum::<usize>()
    };
    lack(GPU).saturating_sub(lack("cpu").max(lack("memory")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_lack_only_gpus_are_counted() {
        let table = [
            (
                "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
                1,
            ),
            (
                "0/4 nodes are available: 2 Insufficient nvidia.com/gpu, 2 node(s) didn't match Pod's node affinity/selector.",
                2,
            ),
            (
                "0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 3 Insufficient nvidia.com/gpu.",
                2,
            ),
            ("0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient nvidia.com/gpu.", 0),
            (
                "0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
                0,
            ),
            ("no nodes available to schedule pods", 0),
            ("", 0),
        ];
        for (words, count) in table {
            assert_eq!(lack_gpus(words), count, "{words}");
        }
    }
}
