//! What a member's namespace may use and reach: Pod Security, rights, quota, network, disruptions.

use serde_json::json;

use crate::{
    cluster::{
        manifest::{Manifest, Owner},
        notes,
    },
    domain::profile::Profile,
};

/// The namespace; `baseline` lets sudo and apt work and nothing privileged.
pub fn namespace(owner: Owner, name: Option<&str>) -> Manifest {
    let mut metadata = json!({ "labels": {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "baseline",
        "pod-security.kubernetes.io/audit": "baseline",
    } });
    if let Some(name) = name {
        metadata["annotations"] = json!({ notes::NAME: name });
    }
    owner.clusterwide("Namespace", "namespaces", &owner.member.namespace(), json!({ "metadata": metadata }))
}

/// Our own rights in the namespace; nothing is ever bound to a member.
pub fn role_binding(owner: Owner) -> Manifest {
    let api = "rbac.authorization.k8s.io/v1";
    owner.object(api, "RoleBinding", "rolebindings", "dcaas", json!({
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "dcaas-workspace" },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "User",
            "name": owner.settings.identity.principal,
        }],
    }))
}

/// One workspace of the largest profile that the member may start, its two claims, and nothing that opens a door.
pub fn quota(owner: Owner, open: Option<&[String]>) -> Manifest {
    let is_open = |profile: &&Profile| open.is_none_or(|open| open.contains(&profile.name));
    let profiles: Vec<&Profile> = owner.settings.workspaces.profiles.iter().filter(is_open).collect();
    let largest = |of: fn(&Profile) -> &str| {
        let sizes = profiles.iter().map(|profile| of(profile));
        sizes.max_by(|a, b| quantity(a).total_cmp(&quantity(b))).unwrap_or("0").to_owned()
    };
    let cpu = largest(|p| &p.cpu);
    let memory = largest(|p| &p.memory);
    let gpus = profiles.iter().map(|p| p.gpus).max().unwrap_or(0);
    owner.object(
        "v1",
        "ResourceQuota",
        "resourcequotas",
        "workspace",
        json!({
            "spec": { "hard": {
                "pods": "1",
                "requests.cpu": cpu,
                "limits.cpu": cpu,
                "requests.memory": memory,
                "limits.memory": memory,
                // extended resources know requests only
                "requests.nvidia.com/gpu": gpus.to_string(),
                "persistentvolumeclaims": "2",
                "services": "0",
            } },
        }),
    )
}

/// What a container gets that asks for nothing: the quota makes asking a duty.
pub fn limit_range(owner: Owner) -> Manifest {
    owner.object(
        "v1",
        "LimitRange",
        "limitranges",
        "workspace",
        json!({
            "spec": { "limits": [{
                "type": "Container",
                "default": { "cpu": "500m", "memory": "512Mi" },
                "defaultRequest": { "cpu": "100m", "memory": "128Mi" },
            }] },
        }),
    )
}

/// Nothing in; out to the world and DNS, not to private ranges nor the node's metadata address.
pub fn network_policy(owner: Owner) -> Manifest {
    owner.object("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "workspace", json!({
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [
                {
                    "to": [{
                        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } },
                        "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
                    }],
                    "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
                },
                {
                    "to": [{ "ipBlock": {
                        "cidr": "0.0.0.0/0",
                        "except": [
                            "169.254.0.0/16", "168.63.129.16/32", "10.0.0.0/8", "172.16.0.0/12",
                            "192.168.0.0/16", "100.64.0.0/10",
                        ],
                    } }],
                },
            ],
        },
    }))
}

/// An upgrade of a node waits; work does not.
pub fn disruption_budget(owner: Owner) -> Manifest {
    owner.object(
        "policy/v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        "workspace",
        json!({
            "spec": {
                "maxUnavailable": 0,
                "selector": { "matchLabels": { "dcaas.dev/member": owner.member.to_string() } },
            },
        }),
    )
}

/// The size of a quantity, to find the largest; zero for what Kubernetes would refuse anyway.
fn quantity(text: &str) -> f64 {
    const SUFFIXES: [(&str, f64); 10] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("m", 0.001),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("", 1.0),
    ];
    SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some(text.strip_suffix(suffix)?.parse::<f64>().ok()? * factor))
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_compare() {
        let rising = ["nonsense", "100m", "0.5", "4", "1k", "1Ki", "16Mi", "1G", "1Gi", "2Ti"];
        for pair in rising.windows(2) {
            assert!(quantity(pair[0]) < quantity(pair[1]), "{pair:?}");
        }
    }
}
