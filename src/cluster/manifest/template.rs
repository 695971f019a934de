//! The pod of a session: any image, with the agent as its first process.

use serde_json::{Value, json};

use crate::{
    cluster::manifest::Owner,
    domain::{profile::Profile, workspace::Session},
    pod,
};

/// Names that the kubelet adds to every container unless the container sets them itself: a workspace
/// has no business with the cluster, so it does not learn its address.
const CLUSTER_ADDRESS: [&str; 8] = [
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "KUBERNETES_SERVICE_PORT_HTTPS",
    "KUBERNETES_PORT",
    "KUBERNETES_PORT_443_TCP",
    "KUBERNETES_PORT_443_TCP_ADDR",
    "KUBERNETES_PORT_443_TCP_PORT",
    "KUBERNETES_PORT_443_TCP_PROTO",
];

/// The pod template of a session.
#[must_use]
pub fn template(owner: Owner, session: &Session, profile: &Profile) -> Value {
    let workspaces = &owner.settings.workspaces;
    let mut labels = owner.labels();
    labels[pod::SESSION] = json!(session.id);
    json!({
        "metadata": {
            "labels": labels,
            // an idle node goes only after its workspace was stopped, and that is ours to decide
            "annotations": { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
        },
        "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": workspaces.grace.as_secs(),
            "nodeSelector": profile.node_selector,
            "tolerations": profile.tolerations.iter().map(|t| json!({
                "key": t.key, "operator": t.operator, "value": t.value, "effect": t.effect,
            })).collect::<Vec<_>>(),
            "securityContext": { "fsGroup": pod::HOME_GROUP, "fsGroupChangePolicy": "OnRootMismatch" },
            "initContainers": [install(&workspaces.platform_image)],
            "containers": [workspace(owner, session, profile)],
            "volumes": [
                { "name": "platform", "emptyDir": {} },
                { "name": "run", "emptyDir": { "medium": "Memory", "sizeLimit": "64Mi" } },
                { "name": "servers", "emptyDir": {} },
                { "name": "pod", "downwardAPI": { "items": [
                    { "path": pod::ANNOTATIONS_FILE, "fieldRef": { "fieldPath": "metadata.annotations" } },
                    { "path": pod::LABELS_FILE, "fieldRef": { "fieldPath": "metadata.labels" } },
                ] } },
                { "name": "token", "secret": { "secretName": "tunnel", "optional": true, "defaultMode": 0o400 } },
                { "name": "home", "persistentVolumeClaim": { "claimName": "home" } },
                { "name": "data", "persistentVolumeClaim": { "claimName": "data" } },
            ],
        },
    })
}

fn install(image: &str) -> Value {
    json!({
        "name": "install",
        "image": image,
        "command": pod::install_command(),
        "env": hidden_cluster(),
        // it says what stands in its way, and nothing of the member's: the last of that goes where a status shows it
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "cpu": "1", "memory": "256Mi" } },
        // root, but only what hands a home to another user and fills a volume
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"] },
        },
        "volumeMounts": [
            { "name": "platform", "mountPath": pod::PLATFORM_VOLUME },
            { "name": "home", "mountPath": pod::HOME },
        ],
    })
}

fn workspace(owner: Owner, session: &Session, profile: &Profile) -> Value {
    let grace = owner.settings.workspaces.grace.as_secs();
    let mut size = json!({ "cpu": profile.cpu, "memory": profile.memory });
    if profile.gpus > 0 {
        size["nvidia.com/gpu"] = json!(profile.gpus.to_string());
    }
    let mut env = hidden_cluster();
    env.push(json!({ "name": "HOME", "value": pod::HOME }));
    json!({
        "name": "workspace",
        "image": session.image,
        // settings in which the licence is not accepted are faulty
        "command": pod::agent_command(&owner.member.tunnel(), &session.id, grace, true),
        "workingDir": pod::HOME,
        "env": env,
        "resources": { "requests": size, "limits": size },
        "volumeMounts": [
            { "name": "platform", "mountPath": pod::PLATFORM, "readOnly": true },
            { "name": "platform", "mountPath": pod::COMMAND, "subPath": pod::PROGRAM, "readOnly": true },
            { "name": "run", "mountPath": pod::RUN },
            { "name": "servers", "mountPath": pod::SERVERS },
            { "name": "pod", "mountPath": pod::POD, "readOnly": true },
            { "name": "token", "mountPath": pod::TOKEN, "readOnly": true },
            { "name": "home", "mountPath": pod::HOME },
            { "name": "data", "mountPath": pod::DATA },
        ],
    })
}

fn hidden_cluster() -> Vec<Value> {
    CLUSTER_ADDRESS.iter().map(|name| json!({ "name": name, "value": "" })).collect()
}
