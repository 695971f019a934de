//! Rows: what a pod shows to whoever decides about it, and that nothing is concluded from what is not known.

use serde_json::json;

use super::{
    case::now,
    make::{ended, installed, placed, running, unscheduled},
};
use crate::{cluster::diagnose::state, domain::workspace::PodState};

#[test]
fn every_state_of_a_pod() {
    let crashed = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } });
    let put_out = "The node was low on resource: memory.";
    let halted = |why: &str| PodState::Halted { why: why.to_owned() };
    let rows = [
        (unscheduled("no machine"), PodState::Unplaced),
        (running("runs", 60), PodState::Runs),
        (running("its machine is silent", 60).ready("Unknown", 30), PodState::Unreachable),
        (placed("a machine"), halted("its machine still prepares what it needs")),
        (installed("the platform is installed"), halted("its machine still prepares what it needs")),
        (
            placed("no image").waits("workspace", "ImagePullBackOff", "manifest unknown"),
            halted("there is no image"),
        ),
        (
            placed("no platform").container("install", ended("Error", 2, 9), json!({})),
            halted("the platform could not be installed (code 2)"),
        ),
        (
            installed("crashes").container("workspace", crashed, ended("Error", 3, 20)),
            halted("its first process ended with code 3"),
        ),
        (
            installed("has just ended").container("workspace", ended("OOMKilled", 137, 1), json!({})),
            halted("it used more memory than profile 'steady' has"),
        ),
        (
            placed("was put out").pod_failed("Evicted", put_out),
            halted("your workspace was put out because its machine ran short of memory"),
        ),
        (placed("a phase of tomorrow"), PodState::Runs),
        (placed("a state of tomorrow").waits("workspace", "Tomorrow", ""), PodState::Runs),
    ];
    for (mut row, expected) in rows {
        if row.name.ends_with("of tomorrow") {
            let phase = if row.name.starts_with("a phase") { "Tomorrow" } else { "Running" };
            row.pods[0]["status"]["phase"] = json!(phase);
        }
        let pod = serde_json::from_value(row.pods[0].clone()).unwrap();
        let found = state(&pod, &row.session(), now());
        let same = match (&found, &expected) {
            (PodState::Halted { why }, PodState::Halted { why: words }) => why.contains(words.as_str()),
            (found, expected) => found == expected,
        };
        assert!(same, "{}: {found:?}", row.name);
    }
}
