//! Machines of a test's own: profiles on pools that nobody else uses, so that their faults hit nobody else.

use serde_json::{Value, json};

use super::control;

/// The wish for an installation with these profiles, each on a pool of its name; the first is the default one.
pub fn with_profiles(names: &[&str]) -> Value {
    json!({ "settings": { "PROFILES": profiles(names), "DEFAULT_PROFILE": names[0] } })
}

/// The setting PROFILES.
pub fn profiles(names: &[&str]) -> String {
    let profile = |name: &&str| {
        json!({
            "name": name, "cpu": "1", "memory": "1Gi", "gpus": 1, "image": "dcaas.example/workspace:dev",
            "nodeSelector": { "kubernetes.azure.com/agentpool": name },
            "tolerations": [{ "key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule" }],
            "pricePerHour": 0.5,
        })
    };
    Value::Array(names.iter().map(profile).collect()).to_string()
}

/// Switches a fault on for the machines of one pool.
pub async fn break_machines(pool: &str, kind: &str) {
    control("POST", "/machines/faults", json!({ "pool": pool, "kind": kind })).await;
}

/// Switches all faults of that pool off.
pub async fn mend_machines(pool: &str) {
    control("DELETE", &format!("/machines/faults?pool={pool}"), json!(null)).await;
}
