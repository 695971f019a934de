//! Machines that stay although nobody is on them: which, since when, and which pod keeps each.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::node::{Empty, Hold, Holder, Kind, Node, Tenant};

/// The autoscaler takes a machine away ten minutes after its last pod, and the cloud takes some more: nobody is told
/// before that.
pub const USUAL: TimeDelta = TimeDelta::minutes(30);

/// Pods that are named of a machine.
const NAMED: usize = 3;

/// Where the autoscaler moves nothing without being allowed to.
const SYSTEM: &str = "kube-system";

/// The machines without a workspace now. One that was so at the last look has been so since then.
#[must_use]
pub fn empty(nodes: &[Node], before: &[Empty], now: DateTime<Utc>) -> Vec<Empty> {
    let free = nodes.iter().filter(|node| !node.pods.iter().any(|pod| pod.workspace && !pod.ending));
    free.map(|node| {
        let known = before.iter().find(|known| known.node == node.name);
        Empty {
            node: node.name.clone(),
            since: known.map_or(now, |known| known.since.min(now)),
            fixed: node.fixed,
            held: node.pods.iter().filter_map(holder).collect(),
        }
    })
    .collect()
}

/// Whether it stays longer than machines do.
#[must_use]
pub fn lingers(empty: &Empty, now: DateTime<Utc>) -> bool {
    now - empty.since >= USUAL
}

/// What is, and what to do about it: two sentences.
#[must_use]
pub fn words(empty: &Empty) -> (String, String) {
    let Empty { node, since, fixed, held } = empty;
    let stays =
        format!("Machine {node} stays although no workspace is on it since {}", since.format("%F %H:%M UTC"));
    let named: Vec<String> =
        held.iter().take(NAMED).map(|Holder { pod, hold }| format!("pod {pod} keeps it ({hold})")).collect();
    let mut why = named.join(", ");
    if held.len() > NAMED {
        why += &format!(", and {} more", held.len() - NAMED);
    }
    if !held.is_empty() {
        return (
            format!("{stays}: {why}."),
            "If it is not needed there, delete the pod or move it to another pool; the machine then goes by itself."
                .to_owned(),
        );
    }
    if *fixed {
        let next = "If nobody needs it, take the annotation cluster-autoscaler.kubernetes.io/scale-down-disabled from it.";
        return (format!("{stays}: it was excepted from being removed."), next.to_owned());
    }
    let next = "Look at the pool: its autoscaler may be off, or its minimum above 0.";
    (format!("{stays}, and no pod keeps it."), next.to_owned())
}

/// How a pod keeps its machine, if it does.
fn holder(pod: &Tenant) -> Option<Holder> {
    let hold = match pod {
        Tenant { kind: Kind::Everywhere, .. } => return None,
        Tenant { ending: true, .. } => Hold::Ending,
        Tenant { fixed: true, .. } => Hold::Fixed,
        Tenant { kind: Kind::Alone, .. } => Hold::Alone,
        Tenant { namespace, .. } if namespace == SYSTEM => Hold::System,
        _ => Hold::Movable,
    };
    Some(Holder { pod: format!("{}/{}", pod.namespace, pod.name), hold })
}

#[cfg(test)]
#[path = "nodes_tests.rs"]
mod tests;
