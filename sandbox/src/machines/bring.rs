//! The autoscaler at work: looks, lets the decision be made, and does each step of it.

use super::{
    Shared,
    cloud::{placed, waiting},
    events::{self, Event},
    faults,
    node::Machine,
    scale::{State, Step, decide},
};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// One autoscaler.
pub struct Work {
    shared: Arc<Shared>,
    /// Pods that were not understood and are reported already.
    odd: Mutex<HashSet<String>>,
}

impl Work {
    /// An autoscaler that has not looked yet.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, odd: Mutex::default() }
    }

    /// Looks once, and begins what is to be done.
    pub fn turn(&self) {
        let now = Instant::now();
        let mut pods: HashMap<String, Vec<String>> = HashMap::new();
        for (node, pod) in self.shared.pods.pick(placed) {
            pods.entry(node).or_default().push(pod);
        }
        let mut waits = self.shared.pods.pick(|pod| Some((waiting(pod)?, pod.clone())));
        waits.sort_by_key(|(_, pod)| (pod.creation_timestamp().map(|time| time.0), pod.name_any()));
        let mut list = Vec::new();
        for (found, _) in &waits {
            match found {
                Ok(waiting) => list.push(waiting.clone()),
                Err(odd) => self.report(odd.clone()),
            }
        }
        let mut cloud = self.shared.cloud();
        cloud.place(pods, now);
        for (node, owned) in &mut cloud.machines {
            if owned.machine.as_ref().is_some_and(|machine| machine.ended()) {
                self.report(format!("machine {node} has ended by itself; its last lines are in its folder"));
                owned.lose();
            }
        }
        let steps = decide(&cloud.pools, &cloud.seen(), &list, &cloud.closed(), &self.shared.delays, now);
        cloud.told.retain(|uid, _| list.iter().any(|pod| pod.uid == *uid));
        let pod = |uid: &str| waits.iter().map(|(_, pod)| pod).find(|pod| pod.uid().as_deref() == Some(uid));
        for step in steps {
            match step {
                Step::Keep { node, pod } => {
                    if let Some(owned) = cloud.machines.get_mut(&node) {
                        owned.kept_for = Some(pod);
                    }
                }
                Step::Bring { pool, pod: uid, from, to, max } => {
                    let Some(found) = cloud.pools.iter().find(|known| known.name == pool) else {
                        continue;
                    };
                    let message = events::scale_up(&found.scale_set(), from, to, max);
                    self.tell(pod(&uid).map(|pod| Event::on_pod(pod, "TriggeredScaleUp", message)));
                    let Some(name) = cloud.expect(&pool, uid, now) else {
                        continue;
                    };
                    tokio::spawn(bring(self.shared.clone(), name, pool));
                }
                Step::Refuse { pod: uid, text } => {
                    if cloud.tells(&uid, &text, now) {
                        self.tell(pod(&uid).map(|pod| Event::on_pod(pod, "NotTriggerScaleUp", text)));
                    }
                }
                Step::Remove { node } => {
                    if let Some(owned) = cloud.machines.get_mut(&node) {
                        owned.state = State::Going;
                        tokio::spawn(remove(self.shared.clone(), node));
                    }
                }
                Step::Forget { node } => {
                    cloud.machines.remove(&node);
                    let shared = self.shared.clone();
                    tokio::spawn(async move { delete(&shared, &node).await });
                }
            }
        }
    }

    fn tell(&self, event: Option<Event>) {
        let (Some(event), client) = (event, self.shared.client.clone()) else {
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = event.record(&client).await {
                tracing::warn!("an event of the autoscaler got lost: {error}");
            }
        });
    }

    fn report(&self, odd: String) {
        if self.odd.lock().unwrap_or_else(PoisonError::into_inner).insert(odd.clone()) {
            self.shared.oddities.remember(odd);
        }
    }
}

/// Waits as long as the cloud takes, and then starts the machine or tells why there is none.
async fn bring(shared: Arc<Shared>, name: String, pool: String) {
    tokio::time::sleep(shared.delays.bring).await;
    let (found, failure) = {
        let cloud = shared.cloud();
        let found = cloud.pools.iter().find(|known| known.name == pool).cloned();
        (found, faults::failure(&cloud.faults, &pool))
    };
    let Some(found) = found else { return };
    if let Some(why) = failure {
        {
            let mut cloud = shared.cloud();
            cloud.machines.remove(&name);
            cloud.failed.insert(pool);
        }
        let message = format!("Scale-up failed for group {}: {why}", found.scale_set());
        let event = Event::on_status("FailedToScaleUpGroup", message);
        if let Err(error) = event.record(&shared.client).await {
            tracing::warn!("an event of the autoscaler got lost: {error}");
        }
        return;
    }
    let started = Machine::start(&shared.ground, &found, &name, &shared.ground.faults(&pool)).await;
    let mut cloud = shared.cloud();
    match (started, cloud.machines.get_mut(&name)) {
        (Ok(machine), Some(owned)) => {
            owned.machine = Some(Arc::new(machine));
            owned.state = State::Ready { since: Instant::now() };
        }
        // the world has ended meanwhile; the machine goes with this last reference
        (Ok(_), None) => (),
        (Err(error), _) => {
            cloud.machines.remove(&name);
            shared.oddities.remember(format!("machine {name} did not start: {error:#}"));
        }
    }
}

/// Takes a machine away unless a pod was placed on it in the last moment.
async fn remove(shared: Arc<Shared>, node: String) {
    let nodes: Api<Node> = Api::all(shared.client.clone());
    let taint = "ToBeDeletedByClusterAutoscaler";
    // a strategic merge leaves the pool's own taints alone
    let close = json!({"spec": {"unschedulable": true, "taints": [{"key": taint, "effect": "NoSchedule"}]}});
    let open = json!({"spec": {"unschedulable": false, "taints": [
        {"key": taint, "effect": "NoSchedule", "$patch": "delete"}]}});
    let params = PatchParams::default();
    let closed = nodes.patch(&node, &params, &Patch::Strategic(close)).await;
    let pods: Api<Pod> = Api::all(shared.client.clone());
    let here = pods.list(&ListParams::default().fields(&format!("spec.nodeName={node}"))).await;
    let free = here.map(|pods| pods.items.iter().all(|pod| placed(pod).is_none()));
    if !matches!(free, Ok(true)) || closed.is_err() {
        if let Err(error) = nodes.patch(&node, &params, &Patch::Strategic(open)).await {
            tracing::warn!("machine {node} can not be opened again: {error}");
        }
        if let Some(owned) = shared.cloud().machines.get_mut(&node) {
            owned.state = State::Ready { since: Instant::now() };
        }
        return;
    }
    // taken out first: a machine that is stopped has not ended by itself
    let machine = shared.cloud().machines.get_mut(&node).and_then(|owned| owned.machine.take());
    if let Some(machine) = machine {
        machine.stop().await;
    }
    delete(&shared, &node).await;
    shared.cloud().machines.remove(&node);
}

async fn delete(shared: &Shared, node: &str) {
    let nodes: Api<Node> = Api::all(shared.client.clone());
    match nodes.delete(node, &DeleteParams::default()).await {
        Ok(_) => (),
        Err(kube::Error::Api(status)) if status.is_not_found() => (),
        Err(error) => tracing::warn!("node {node} can not be deleted: {error}"),
    }
}
