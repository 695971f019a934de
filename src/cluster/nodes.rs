//! The machines that workspaces may be placed on, with everything that is on them: one list, and a second one where
//! there are any.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node as KubeNode, Pod as KubePod};
use kube::{Resource, api::ListParams, core::Request};

use crate::{
    cluster::{
        reads::Cluster,
        request::{Error, build},
        residents::{Listed, ListedMeta},
    },
    domain::node::{Kind, Node, Selector, Tenant},
};

/// On a node: the autoscaler leaves it alone.
const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/// On a pod: whether the autoscaler may move it.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// On a pod that a node has from a file of its own.
const MIRROR: &str = "kubernetes.io/config.mirror";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What has come to its end keeps no machine.
const ALIVE: &str = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed";

impl Cluster {
    /// The machines with one of these selectors' labels. An empty selector would mean every machine: it counts as none.
    ///
    /// # Errors
    /// When the cluster does not give the lists whole.
    pub async fn nodes(&self, selectors: &[&Selector]) -> Result<Vec<Node>, Error> {
        let mut nodes = BTreeMap::new();
        let list = Request::new(KubeNode::url_path(&(), None));
        let take = |node: Listed| {
            let ListedMeta { name, labels, annotations, deletion_timestamp, .. } = node.metadata;
            let fits = |of: &&&Selector| {
                !of.is_empty() && of.iter().all(|(key, value)| labels.get(key) == Some(value))
            };
            if deletion_timestamp.is_none() && selectors.iter().any(|of| fits(&of)) {
                let fixed = annotations.get(SCALE_DOWN_DISABLED).is_some_and(|text| text == "true");
                nodes.insert(name.clone(), Node { name, fixed, pods: vec![] });
            }
        };
        self.pages(ListParams::default(), |params| build(list.list_metadata(params)), take).await?;
        if nodes.is_empty() {
            return Ok(vec![]);
        }
        let list = Request::new(KubePod::url_path(&(), None));
        let alive = ListParams::default().fields(ALIVE);
        let take = |pod: KubePod| {
            let on = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
            if let Some(node) = on.and_then(|on| nodes.get_mut(on)) {
                node.pods.push(tenant(pod));
            }
        };
        self.pages(alive, |params| build(list.list(params)), take).await?;
        Ok(nodes.into_values().collect())
    }
}

fn tenant(pod: KubePod) -> Tenant {
    let meta = pod.metadata;
    let labels = meta.labels.unwrap_or_default();
    let annotations = meta.annotations.unwrap_or_default();
    let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    let kind = match owner.map(|owner| owner.kind.as_str()) {
        Some("DaemonSet" | "Node") => Kind::Everywhere,
        _ if annotations.contains_key(MIRROR) => Kind::Everywhere,
        Some(_) => Kind::Controlled,
        None => Kind::Alone,
    };
    Tenant {
        namespace: meta.namespace.unwrap_or_default(),
        name: meta.name.unwrap_or_default(),
        workspace: labels.get(MANAGED_BY).is_some_and(|by| by == "dcaas"),
        ending: meta.deletion_timestamp.is_some(),
        fixed: annotations.get(SAFE_TO_EVICT).is_some_and(|text| text == "false"),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_on_a_machine_is_read_as_the_autoscaler_reads_it() {
        let owned = |kind: &str| json!([{ "apiVersion": "v1", "kind": kind, "name": "n", "uid": "u", "controller": true }]);
        let rows: [(&str, Value, (Kind, bool, bool, bool)); 6] = [
            ("by hand", json!({}), (Kind::Alone, false, false, false)),
            (
                "a daemon",
                json!({ "ownerReferences": owned("DaemonSet") }),
                (Kind::Everywhere, false, false, false),
            ),
            (
                "a node's own",
                json!({ "annotations": { MIRROR: "x" } }),
                (Kind::Everywhere, false, false, false),
            ),
            ("a job", json!({ "ownerReferences": owned("Job") }), (Kind::Controlled, false, false, false)),
            (
                "a workspace",
                json!({
                    "ownerReferences": owned("StatefulSet"), "labels": { MANAGED_BY: "dcaas" },
                    "annotations": { SAFE_TO_EVICT: "false" },
                }),
                (Kind::Controlled, true, true, false),
            ),
            (
                "ends",
                json!({ "deletionTimestamp": "2026-11-24T12:00:00Z" }),
                (Kind::Alone, false, false, true),
            ),
        ];
        for (name, mut metadata, expected) in rows {
            metadata["namespace"] = json!("ml");
            metadata["name"] = json!(name);
            let found = tenant(serde_json::from_value(json!({ "metadata": metadata })).unwrap());
            assert_eq!((found.kind, found.workspace, found.fixed, found.ending), expected, "{name}");
            assert_eq!((found.namespace.as_str(), found.name.as_str()), ("ml", name));
        }
    }
}
