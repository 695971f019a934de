//! Paper machines: nodes that the scheduler places pods on, and that run none of them. For measuring.

use super::{paper_kubelet::Kubelet, pools::Pool};
use crate::{certificates::Authority, strict::Oddities};
use anyhow::{Context, Result, ensure};
use chrono::{SecondsFormat, Utc};
use k8s_openapi::api::{
    coordination::v1::Lease,
    core::v1::{Node, Pod},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Where nodes keep their leases.
const LEASES: &str = "kube-node-lease";

/// As often as a kubelet renews its lease.
const RENEW: Duration = Duration::from_secs(10);

/// How long the controllers may take to call a new node ready.
const READY: Duration = Duration::from_secs(60);

/// So many machines of a pool, each with room for so many of its pods.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    pub pool: String,
    pub count: usize,
    pub pods: u32,
    /// What the log of each of their pods says, if they are to say that their pods run.
    #[serde(default)]
    pub log: Option<String>,
}

/// What logs on paper machines say from now on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub log: String,
}

/// The paper machines there are.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Stack>>);

#[derive(Default)]
struct Stack {
    names: BTreeSet<String>,
    /// Where some of them say that their pods run.
    kubelet: Option<Arc<Kubelet>>,
}

impl Paper {
    /// Makes machines, and waits until pods may be placed on them.
    ///
    /// # Errors
    /// When the cluster refuses them, or calls them not ready for too long.
    pub async fn add(
        &self,
        client: &Client,
        pool: &Pool,
        wish: &Wish,
        kubelet: Option<Kubelet>,
    ) -> Result<Vec<String>> {
        ensure!((1..=500).contains(&wish.count) && wish.pods > 0, "count is 1 to 500, and pods at least 1");
        let nodes: Api<Node> = Api::all(client.clone());
        let names: Vec<String> = (0..wish.count).map(|n| format!("paper-{}-{n:03}", pool.name)).collect();
        let port = kubelet.as_ref().map(Kubelet::port).transpose()?;
        if let Some(kubelet) = kubelet {
            self.stack().kubelet = Some(Arc::new(kubelet));
        }
        for name in &names {
            let node = node(pool, name, wish.pods, port);
            let node: Node = serde_json::from_value(node).context("a paper node")?;
            nodes.create(&PostParams::default(), &node).await.with_context(|| format!("node {name}"))?;
            self.stack().names.insert(name.clone());
            renew(client, name).await.with_context(|| format!("lease {name}"))?;
        }
        let ready = async {
            for name in &names {
                while !open(&nodes.get(name).await?) {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Ok(names)
        };
        tokio::time::timeout(READY, ready).await.context("the controllers do not call them ready")?
    }

    /// A kubelet for machines that this wish makes, if it wants one.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn kubelet(wish: &Wish, authority: &Authority, oddities: Oddities) -> Result<Option<Kubelet>> {
        let Some(log) = &wish.log else { return Ok(None) };
        let kubelet = Kubelet::start(authority, oddities).await?;
        kubelet.log(log);
        Ok(Some(kubelet))
    }

    /// What the logs of their pods say from now on.
    ///
    /// # Errors
    /// When none of them says that its pods run.
    pub fn say(&self, log: &Log) -> Result<()> {
        let kubelet = self.stack().kubelet.clone();
        kubelet.context("no paper machine runs a pod: give `log` when they are made")?.log(&log.log);
        Ok(())
    }

    /// Takes all of them away.
    ///
    /// # Errors
    /// Names the one that can not be deleted.
    pub async fn remove(&self, client: &Client) -> Result<()> {
        let Stack { names, kubelet } = std::mem::take(&mut *self.stack());
        drop(kubelet);
        let nodes: Api<Node> = Api::all(client.clone());
        let leases: Api<Lease> = Api::namespaced(client.clone(), LEASES);
        for name in names {
            nodes.delete(&name, &DeleteParams::default()).await.with_context(|| format!("node {name}"))?;
            // also collected by its owner, at its own time
            let _ = leases.delete(&name, &DeleteParams::default()).await;
        }
        Ok(())
    }

    /// A kubelet's word on a pod: that it runs, where that is wanted; and that it has ended, without which it would
    /// never go.
    pub fn seen(&self, client: &Client, pod: &Pod) {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
        if !node.is_some_and(|node| self.stack().names.contains(node)) {
            return;
        }
        if pod.metadata.deletion_timestamp.is_none() {
            if let Some(kubelet) = &self.stack().kubelet {
                kubelet.run(client, pod);
            }
            return;
        }
        let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
        let (name, seen) = (pod.name_any(), Preconditions { uid: pod.uid(), resource_version: None });
        tokio::spawn(async move {
            let params =
                DeleteParams { preconditions: Some(seen), ..DeleteParams::default() }.grace_period(0);
            match pods.delete(&name, &params).await {
                Ok(_) => (),
                Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => (),
                Err(error) => tracing::warn!("a pod on a paper machine does not go: {error}"),
            }
        });
    }

    /// Renews the leases, for ever.
    pub async fn keep(self, client: Client) {
        loop {
            tokio::time::sleep(RENEW).await;
            let names = self.stack().names.clone();
            for name in names {
                if let Err(error) = renew(&client, &name).await {
                    tracing::warn!("the lease of {name} is not renewed: {error}");
                }
            }
        }
    }

    fn stack(&self) -> MutexGuard<'_, Stack> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether pods may be placed there: the controllers have taken the taint of a new node away.
fn open(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    taints.iter().all(|taint| !taint.key.starts_with("node.kubernetes.io/"))
}

async fn renew(client: &Client, name: &str) -> kube::Result<()> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), LEASES);
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now},
    });
    leases.patch(name, &PatchParams::apply("paper").force(), &Patch::Apply(lease)).await.map(drop)
}

fn node(pool: &Pool, name: &str, pods: u32, port: Option<u16>) -> Value {
    let mut labels = json!(pool.labels);
    labels["kubernetes.io/hostname"] = json!(name);
    labels["kubernetes.io/os"] = json!("linux");
    let room = u128::from(pods);
    let mut capacity = json!({
        "cpu": format!("{}m", pool.has.cpu * room),
        "memory": format!("{}Ki", pool.has.memory * room / 1_024_000),
        "pods": pods.to_string(),
        "ephemeral-storage": "120Gi",
    });
    if pool.has.gpus > 0 {
        capacity["nvidia.com/gpu"] = json!((pool.has.gpus * room / 1000).to_string());
    }
    let ready = json!({
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "a paper machine",
        "lastHeartbeatTime": Utc::now(), "lastTransitionTime": Utc::now(),
    });
    let mut node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": pool.taints},
        "status": {"capacity": capacity, "allocatable": capacity, "conditions": [ready]},
    });
    if let Some(port) = port {
        node["status"]["addresses"] = json!([{"type": "InternalIP", "address": "127.0.0.1"}]);
        node["status"]["daemonEndpoints"] = json!({"kubeletEndpoint": {"Port": port}});
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::pools::pools;

    #[test]
    fn a_paper_machine_has_its_pools_marks_and_room_for_many() {
        let pool = &pools(
            r#"[{"name":"steady","cpu":"4","memory":"16Gi","gpus":1,
                "nodeSelector":{"kubernetes.azure.com/agentpool":"steady"},"tolerations":[{"key":"sku"}]}]"#,
        )
        .unwrap()[0];
        let node: Node = serde_json::from_value(node(pool, "paper-steady-000", 30, Some(7))).unwrap();
        let endpoint = node.status.as_ref().unwrap().daemon_endpoints.as_ref().unwrap();
        assert_eq!(endpoint.kubelet_endpoint.as_ref().unwrap().port, 7);
        assert_eq!(node.labels()["kubernetes.azure.com/agentpool"], "steady");
        assert_eq!(node.spec.as_ref().unwrap().taints.as_ref().unwrap()[0].key, "sku");
        let capacity = node.status.as_ref().unwrap().capacity.as_ref().unwrap();
        assert_eq!((capacity["cpu"].0.as_str(), capacity["nvidia.com/gpu"].0.as_str()), ("135000m", "30"));
        assert!(open(&node));
    }

    #[test]
    fn a_new_node_is_not_open_before_the_controllers_say_so() {
        let node =
            json!({"spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]}});
        assert!(!open(&serde_json::from_value(node).unwrap()));
    }
}
