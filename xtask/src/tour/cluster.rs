//! What the tour looks for in the cluster itself, so that no step rests on the program's word alone.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::step::Look;
use crate::running::Running;

/// The names of the nodes there are.
pub fn nodes(running: &Running) -> Result<BTreeSet<String>> {
    let list = running.kubernetes("/api/v1/nodes")?.good("nodes")?.json();
    Ok(items(&list).filter_map(|node| node["metadata"]["name"].as_str()).map(str::to_owned).collect())
}

/// A subscription at Graph, made by the program itself.
pub fn subscribed(running: &Running) -> Result<Look> {
    let facts = running.get(&format!("{}/graph?installation=dcaas", running.control))?.good("graph")?.json();
    Ok(match facts["subscriptions"].as_array().and_then(|all| all.first()) {
        Some(one) => Look::Seen(format!("Graph tells of changes until {}", one["expirationDateTime"])),
        None => Look::NotYet("no subscription at Graph".to_owned()),
    })
}

/// A node that was not there before, ready.
pub fn came(running: &Running, before: &BTreeSet<String>) -> Result<Look> {
    let list = running.kubernetes("/api/v1/nodes")?.good("nodes")?.json();
    let new = items(&list)
        .find(|node| node["metadata"]["name"].as_str().is_some_and(|name| !before.contains(name)));
    let Some(node) = new else {
        return Ok(Look::NotYet("no new node".to_owned()));
    };
    let name = node["metadata"]["name"].as_str().unwrap_or_default();
    let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
    if !conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True") {
        return Ok(Look::NotYet(format!("node {name} is there, but not ready")));
    }
    let pool = node["metadata"]["labels"]["kubernetes.azure.com/agentpool"].as_str().unwrap_or("?");
    let gpus = node["status"]["capacity"]["nvidia.com/gpu"].as_str().unwrap_or("0");
    Ok(Look::Seen(format!("{name} in pool `{pool}`, {gpus} GPU")))
}

/// No node that was not there before.
pub fn gone(running: &Running, before: &BTreeSet<String>) -> Result<Look> {
    let now = nodes(running)?;
    let left: Vec<&str> = now.difference(before).map(String::as_str).collect();
    Ok(if left.is_empty() {
        Look::Seen("nothing but storage is paid for now".to_owned())
    } else {
        Look::NotYet(format!("{} is still there", left.join(", ")))
    })
}

/// The last lines of both containers in that namespace; of the run before, where one has started again.
pub fn logs(running: &Running, namespace: &str) -> String {
    let last = |container: &str| {
        let log =
            format!("/api/v1/namespaces/{namespace}/pods/workspace-0/log?container={container}&tailLines=15");
        let answers = [format!("{log}&previous=true"), log].map(|path| running.kubernetes(&path));
        answers.into_iter().flatten().find(|answer| answer.status == 200 && !answer.text.is_empty())
    };
    let containers = ["install", "workspace"].into_iter().filter_map(last);
    containers.map(|answer| answer.text).collect::<Vec<_>>().join("")
}

/// What belongs to the member who walks.
pub struct Member {
    pub namespace: String,
}

impl Member {
    /// All that `provision` makes: the StatefulSet comes last.
    pub fn provisioned(&self, running: &Running) -> Result<Look> {
        let here = &self.namespace;
        for (what, path) in [
            ("namespace", ""),
            ("claim `home`", "/persistentvolumeclaims/home"),
            ("claim `data`", "/persistentvolumeclaims/data"),
        ] {
            if running.kubernetes(&format!("/api/v1/namespaces/{here}{path}"))?.status != 200 {
                return Ok(Look::NotYet(format!("no {what} yet")));
            }
        }
        let set = running.kubernetes(&format!("/apis/apps/v1/namespaces/{here}/statefulsets/workspace"))?;
        Ok(match set.json()["spec"]["replicas"].as_i64() {
            Some(0) => Look::Seen(format!("namespace {here}, claims `home` and `data`, StatefulSet at 0")),
            Some(other) => {
                Look::Never(format!("the StatefulSet came with {other} replicas, and nobody asked"))
            }
            None => Look::NotYet("no StatefulSet yet".to_owned()),
        })
    }

    /// The pod runs, all its containers ready to be looked at.
    pub fn pod_runs(&self, running: &Running) -> Result<Look> {
        let list = self.pods(running)?;
        let Some(pod) = items(&list).next() else {
            return Ok(Look::NotYet("no pod".to_owned()));
        };
        let name = pod["metadata"]["name"].as_str().unwrap_or("?");
        let phase = pod["status"]["phase"].as_str().unwrap_or("?");
        let node = pod["spec"]["nodeName"].as_str().unwrap_or("no node yet");
        let container = &pod["spec"]["containers"][0];
        let image = container["image"].as_str().unwrap_or("?");
        let gpus = container["resources"]["limits"]["nvidia.com/gpu"].as_str().unwrap_or("no");
        Ok(match phase {
            "Running" => Look::Seen(format!("{name} on {node}, image {image}, {gpus} GPU")),
            "Failed" => Look::Never(format!("pod {name} failed: {}", pod["status"])),
            _ => Look::NotYet(format!("pod {name} is {phase} on {node}: {}", pod["status"]["conditions"])),
        })
    }

    /// No pod at all.
    pub fn pod_gone(&self, running: &Running) -> Result<Look> {
        let list = self.pods(running)?;
        let names: Vec<&str> = items(&list).filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
        Ok(if names.is_empty() {
            Look::Seen("no pod is left in the namespace".to_owned())
        } else {
            Look::NotYet(format!("{} is still there", names.join(", ")))
        })
    }

    /// The token is kept, and the start that waited has gone on by itself.
    pub fn signed_in(&self, running: &Running) -> Result<Look> {
        let here = &self.namespace;
        let token = running.kubernetes(&format!("/api/v1/namespaces/{here}/secrets/tunnel"))?.status == 200;
        let set = running.kubernetes(&format!("/apis/apps/v1/namespaces/{here}/statefulsets/workspace"))?;
        Ok(match (token, set.json()["spec"]["replicas"].as_i64()) {
            (true, Some(1)) => Look::Seen("nobody asked again: the start that waited has gone on".to_owned()),
            (token, replicas) => Look::NotYet(format!("token: {token}, replicas: {replicas:?}")),
        })
    }

    /// Leaving takes the StatefulSet away last, and dates the namespace.
    pub fn left(&self, running: &Running) -> Result<Look> {
        let here = &self.namespace;
        let set = running.kubernetes(&format!("/apis/apps/v1/namespaces/{here}/statefulsets/workspace"))?;
        let namespace = running.kubernetes(&format!("/api/v1/namespaces/{here}"))?.json();
        let left = namespace["metadata"]["annotations"]["dcaas.dev/left"].as_str();
        Ok(match (set.status, left) {
            (404, Some(left)) => Look::Seen(format!("the StatefulSet is gone; left: {left}")),
            (404, None) => Look::Never("the StatefulSet is gone, and the namespace is not dated".to_owned()),
            _ => Look::NotYet("the StatefulSet is still there".to_owned()),
        })
    }

    /// A stop keeps the disk.
    pub fn kept(&self, running: &Running) -> Result<Look> {
        let claim = running
            .kubernetes(&format!("/api/v1/namespaces/{}/persistentvolumeclaims/home", self.namespace))?;
        let phase = claim.json()["status"]["phase"].as_str().unwrap_or("missing").to_owned();
        Ok(if phase == "Bound" {
            Look::Seen("the disk `home` waits for the next start".to_owned())
        } else {
            Look::Never(format!("claim `home` is {phase}"))
        })
    }

    fn pods(&self, running: &Running) -> Result<Value> {
        Ok(running.kubernetes(&format!("/api/v1/namespaces/{}/pods", self.namespace))?.good("pods")?.json())
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().into_iter().flatten()
}
