//! Where rows begin: workspaces that have come some way.

use serde_json::{Value, json};

use super::case::{Case, case, stamp};

/// One with a pod of this session, which has no machine yet.
pub fn unscheduled(name: &'static str) -> Case {
    case(name).pod("new", json!({ "phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable", 115)] }))
}

/// One whose pod is on a machine and has no container yet.
pub fn placed(name: &'static str) -> Case {
    let mut case = case(name).pod("new", json!({ "phase": "Pending", "startTime": stamp(60),
        "conditions": [condition("PodScheduled", "True", "", 61), condition("Ready", "False", "ContainersNotReady", 60)] }));
    case.pods[0]["spec"]["nodeName"] = json!("aks-steady-12345678-vmss000000");
    case
}

/// One whose platform is installed.
pub fn installed(name: &'static str) -> Case {
    let end = json!({ "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": stamp(50), "finishedAt": stamp(49) } });
    placed(name).container("install", end, json!({}))
}

/// One whose container runs.
pub fn running(name: &'static str, since: i64) -> Case {
    let state = json!({ "running": { "startedAt": stamp(since) } });
    installed(name).container("workspace", state, json!({})).ready("True", since)
}

pub fn condition(kind: &str, status: &str, reason: &str, at: i64) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "lastTransitionTime": stamp(at) })
}

/// The state of a container that has ended, and the last state of one that began again.
pub fn ended(reason: &str, code: i32, at: i64) -> Value {
    json!({ "terminated": { "exitCode": code, "reason": reason, "startedAt": stamp(at + 5), "finishedAt": stamp(at) } })
}
