//! What the cloud knows: its pools, machines and faults. Plain data, looked at and changed under one lock.

use super::{
    faults::{self, Fault},
    fit,
    node::Machine,
    pools::Pool,
    scale::{Seen, State, Waiting},
};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

/// Everything but the cluster's objects.
#[derive(Default)]
pub struct Cloud {
    pub pools: Vec<Pool>,
    pub machines: BTreeMap<String, Owned>,
    pub faults: Vec<Fault>,
    /// Pools whose last machine did not come.
    pub failed: BTreeSet<String>,
    /// What was told to a pod that no machine comes for, and when.
    pub told: HashMap<String, (String, Instant)>,
    numbers: BTreeMap<String, u32>,
}

/// One machine of the cloud.
pub struct Owned {
    pub pool: String,
    pub state: State,
    pub kept_for: Option<String>,
    pub empty_since: Instant,
    /// `namespace/name` of the pods on it.
    pub pods: Vec<String>,
    /// Missing while it comes.
    pub machine: Option<Arc<Machine>>,
}

impl Owned {
    /// Takes the running machine out, for good.
    pub fn lose(&mut self) -> Option<Arc<Machine>> {
        let machine = self.machine.take()?;
        self.state = State::Lost { since: Instant::now() };
        Some(machine)
    }
}

impl State {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Ready { .. } => "ready",
            Self::Lost { .. } => "lost",
            Self::Going => "going",
        }
    }
}

impl Cloud {
    /// Notes a machine that is to come, for a pod; gives its name.
    pub fn expect(&mut self, pool: &str, pod: String, now: Instant) -> Option<String> {
        let number = self.numbers.entry(pool.to_owned()).or_default();
        let name = self.pools.iter().find(|known| known.name == pool)?.machine(*number);
        *number += 1;
        let owned = Owned {
            pool: pool.to_owned(),
            state: State::Coming,
            kept_for: Some(pod),
            empty_since: now,
            pods: Vec::new(),
            machine: None,
        };
        self.machines.insert(name.clone(), owned);
        Some(name)
    }

    /// Brings each machine's list of pods up to date.
    pub fn place(&mut self, mut pods: HashMap<String, Vec<String>>, now: Instant) {
        for (node, owned) in &mut self.machines {
            let here = pods.remove(node).unwrap_or_default();
            if here.is_empty() && !owned.pods.is_empty() {
                owned.empty_since = now;
            }
            owned.pods = here;
        }
    }

    /// The machines as the decision sees them.
    pub fn seen(&self) -> Vec<Seen> {
        let seen = |(node, owned): (&String, &Owned)| Seen {
            node: node.clone(),
            pool: owned.pool.clone(),
            state: owned.state,
            pods: owned.pods.len(),
            empty_since: owned.empty_since,
            kept_for: owned.kept_for.clone(),
        };
        self.machines.iter().map(seen).collect()
    }

    /// Which pools bring nothing, and why.
    pub fn closed(&self) -> BTreeMap<String, super::scale::Closed> {
        let reason = |pool: &Pool| {
            let closed = faults::closed(&self.faults, &pool.name, self.failed.contains(&pool.name));
            closed.map(|closed| (pool.name.clone(), closed))
        };
        self.pools.iter().filter_map(reason).collect()
    }

    /// Forgets the faults of one pool, or all.
    pub fn clear(&mut self, pool: Option<&str>) {
        self.faults.retain(|fault| pool.is_some() && fault.pool.as_deref() != pool);
        self.failed.retain(|failed| pool.is_some_and(|pool| failed != pool));
    }

    /// Whether the pod has to be told this now: something new, or the same again after a while.
    pub fn tells(&mut self, pod: &str, text: &str, now: Instant) -> bool {
        const AGAIN: std::time::Duration = std::time::Duration::from_secs(10);
        let known = self.told.get(pod);
        if known.is_some_and(|(told, at)| told == text && now.duration_since(*at) < AGAIN) {
            return false;
        }
        self.told.insert(pod.to_owned(), (text.to_owned(), now));
        true
    }
}

/// A pod that the scheduler could not place, if this one is; or what about it is not understood.
pub fn waiting(pod: &Pod) -> Option<Result<Waiting, String>> {
    let placed = pod.spec.as_ref()?.node_name.is_some() || pod.metadata.deletion_timestamp.is_some();
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let unschedulable = conditions.iter().any(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    });
    if placed || !unschedulable {
        return None;
    }
    let name = || format!("pod {}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    let shape = fit::shape(pod).map_err(|error| format!("{}: {error:#}", name()));
    Some(shape.map(|shape| Waiting { uid: pod.uid().unwrap_or_default(), shape }))
}

/// The node of a pod that holds its machine, with the pod's name; the system's own pods hold none.
pub fn placed(pod: &Pod) -> Option<(String, String)> {
    let node = pod.spec.as_ref()?.node_name.clone()?;
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    let namespace = pod.namespace().unwrap_or_default();
    if namespace == "kube-system" || matches!(phase, "Succeeded" | "Failed") {
        return None;
    }
    Some((node, format!("{namespace}/{}", pod.name_any())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(change: impl Fn(&mut Value)) -> Pod {
        let mut pod = json!({
            "metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": []},
            "status": {"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
        });
        change(&mut pod);
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn a_pod_waits_for_a_machine_only_while_the_scheduler_says_so() {
        assert_eq!(waiting(&pod(|_| ())).unwrap().unwrap().uid, "u");
        let table: [fn(&mut Value); 4] = [
            |pod| pod["spec"]["nodeName"] = json!("x"),
            |pod| pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
            |pod| pod["status"]["conditions"][0]["reason"] = json!("SchedulingGated"),
            |pod| pod["status"] = json!({}),
        ];
        for (row, change) in table.into_iter().enumerate() {
            assert!(waiting(&pod(change)).is_none(), "row {row}");
        }
    }

    #[test]
    fn faults_are_cleared_for_one_pool_or_for_all() {
        let fault = |pool: Value| serde_json::from_value(json!({"kind": "no-quota", "pool": pool})).unwrap();
        let mut cloud = Cloud {
            faults: vec![fault(json!("a")), fault(json!("b")), fault(json!(null))],
            failed: ["a".into(), "b".into()].into(),
            ..Cloud::default()
        };
        cloud.clear(Some("a"));
        assert_eq!((cloud.faults.len(), cloud.failed.len()), (2, 1));
        cloud.clear(None);
        assert_eq!((cloud.faults.len(), cloud.failed.len()), (0, 0));
    }

    #[test]
    fn a_pod_holds_its_machine_until_it_has_ended() {
        let on = |change: fn(&mut Value)| {
            placed(&pod(|pod| {
                pod["spec"]["nodeName"] = json!("x");
                change(pod);
            }))
        };
        assert_eq!(on(|_| ()), Some(("x".into(), "n/p".into())));
        assert_eq!(on(|pod| pod["status"]["phase"] = json!("Failed")), None);
        assert_eq!(on(|pod| pod["metadata"]["namespace"] = json!("kube-system")), None);
    }
}
