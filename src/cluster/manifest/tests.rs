//! The objects are what Kubernetes' own types can read, and hold what the design promises.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{LimitRange, Namespace, PersistentVolume, PersistentVolumeClaim, ResourceQuota},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
    rbac::v1::RoleBinding,
};
use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::config::SETTINGS;

fn examples() -> BTreeMap<String, String> {
    SETTINGS.iter().map(|row| (row.name.to_owned(), row.example.to_owned())).collect()
}

fn settings() -> Settings {
    Settings::read(&examples()).unwrap()
}

fn member() -> Member {
    Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap()
}

/// Reads it as the type, writes it again, and compares: a misspelt field would be lost on the way.
fn round_trip<T: DeserializeOwned + Serialize>(manifest: &Manifest) -> T {
    let typed: T = serde_json::from_value(manifest.body.clone()).unwrap();
    let again = serde_json::to_value(&typed).unwrap();
    assert_eq!(pruned(&again), pruned(&manifest.body), "{}", manifest.name);
    typed
}

fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), pruned(v))).collect(),
        ),
        Value::Array(list) => Value::Array(list.iter().map(pruned).collect()),
        other => other.clone(),
    }
}

#[test]
fn every_object_is_what_kubernetes_reads() {
    let settings = settings();
    let owner = Owner { member: member(), settings: &settings };
    let made: Namespace = round_trip(&namespace(owner, Some("Ada")));
    assert_eq!(made.metadata.annotations.unwrap()["dcaas.dev/name"], "Ada");
    round_trip::<RoleBinding>(&role_binding(owner));
    let more = bounds(owner, None);
    round_trip::<ResourceQuota>(&more[0]);
    round_trip::<LimitRange>(&more[1]);
    round_trip::<NetworkPolicy>(&more[2]);
    round_trip::<PodDisruptionBudget>(&more[3]);
    round_trip::<PersistentVolume>(&volume(owner));
    for claim in claims(owner) {
        round_trip::<PersistentVolumeClaim>(&claim);
    }
    let set: StatefulSet = round_trip(&workspace(owner, &Allowance::default()));
    assert_eq!(set.spec.unwrap().replicas, Some(0));
}

#[test]
fn a_pod_holds_no_way_into_the_cluster() {
    let settings = settings();
    let owner = Owner { member: member(), settings: &settings };
    let spec = &workspace(owner, &Allowance::default()).body["spec"]["template"]["spec"];
    assert_eq!(spec["automountServiceAccountToken"], false);
    assert_eq!(spec["enableServiceLinks"], false);
    for container in [&spec["initContainers"][0], &spec["containers"][0]] {
        let hidden = container["env"].as_array().unwrap().iter().filter(|e| e["value"] == "").count();
        assert_eq!(hidden, 8, "{}", container["name"]);
    }
}

#[test]
fn the_init_container_fills_the_workspaces_tree_and_sees_to_its_home() {
    let settings = settings();
    let owner = Owner { member: member(), settings: &settings };
    let spec = &workspace(owner, &Allowance::default()).body["spec"]["template"]["spec"];
    let volume_at = |container: &Value, path: &str| {
        let mounts = container["volumeMounts"].as_array().unwrap();
        mounts.iter().find(|mount| mount["mountPath"] == path).map(|mount| mount["name"].clone())
    };
    let (init, workspace) = (&spec["initContainers"][0], &spec["containers"][0]);
    let to = |flag: &str| {
        let command = init["command"].as_array().unwrap();
        command.iter().skip_while(|word| *word != flag).nth(1).unwrap().as_str().unwrap()
    };
    assert_eq!(volume_at(init, to("--to")), volume_at(workspace, crate::pod::PLATFORM));
    assert_eq!(volume_at(init, to("--home")), volume_at(workspace, crate::pod::HOME));
    // where the image has the executable nothing may be mounted over it
    assert!(init["command"][0].as_str().unwrap().starts_with(crate::pod::PLATFORM));
    assert_eq!(volume_at(init, crate::pod::PLATFORM), None);
    // the way to `dcaas` in terminals is that same executable
    let mounts = workspace["volumeMounts"].as_array().unwrap();
    let command = mounts.iter().find(|mount| mount["mountPath"] == crate::pod::COMMAND).unwrap();
    assert_eq!((&command["name"], &command["subPath"]), (&json!("platform"), &json!(crate::pod::PROGRAM)));
    // root, as it hands files over, in the group that the workspace's user is in, and nothing more
    assert_eq!(init["securityContext"]["runAsUser"], 0);
    assert_eq!(init["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(spec["securityContext"]["fsGroup"], crate::pod::HOME_GROUP);
}

#[test]
fn a_session_is_named_by_its_pod() {
    let settings = settings();
    let owner = Owner { member: member(), settings: &settings };
    let profile = settings.workspaces.profiles.default();
    let session = Session {
        id: "one".into(),
        asked: chrono::DateTime::UNIX_EPOCH,
        started: None,
        waits: None,
        account: None,
        watch: crate::domain::idleness::Watch::default(),
        by: member(),
        profile: profile.name.clone(),
        image: "theirs/x".into(),
    };
    let template = template(owner, &session, profile);
    assert_eq!(template["metadata"]["labels"]["dcaas.dev/session"], "one");
    let container = &template["spec"]["containers"][0];
    assert_eq!(container["image"], "theirs/x");
    assert_eq!(container["resources"]["limits"]["nvidia.com/gpu"], "1");
    let command = container["command"].to_string();
    assert!(command.contains(&member().tunnel()) && command.contains("\"one\""), "{command}");
}

#[test]
fn the_largest_profile_that_is_open_sets_the_quota() {
    let mut examples = examples();
    let profile = |name: &str, cpu: &str, gpus: u32| json!({ "name": name, "cpu": cpu, "memory": "8Gi", "gpus": gpus, "image": "i", "pricePerHour": 1.0 });
    let profiles = json!([profile("t4", "3500m", 1), profile("a100", "24", 4)]);
    examples.insert("PROFILES".into(), profiles.to_string());
    let settings = Settings::read(&examples).unwrap();
    let owner = Owner { member: member(), settings: &settings };
    let rows: [(Option<&[&str]>, &str, &str); 3] =
        [(None, "24", "4"), (Some(&["t4"]), "3500m", "1"), (Some(&["t4", "a100"]), "24", "4")];
    for (open, cpu, gpus) in rows {
        let open: Option<Vec<String>> = open.map(|open| open.iter().map(|n| (*n).to_owned()).collect());
        let quota = bounds(owner, open.as_deref()).remove(0);
        let hard = &quota.body["spec"]["hard"];
        assert_eq!(
            (&hard["limits.cpu"], &hard["requests.nvidia.com/gpu"]),
            (&json!(cpu), &json!(gpus)),
            "{open:?}"
        );
        let names = open.as_ref().map(|open| open.join(","));
        let set = workspace(owner, &allowance(owner, open));
        let told = &set.body["metadata"]["annotations"];
        assert_eq!(told["dcaas.dev/profiles"].as_str(), names.as_deref());
    }
}

#[test]
fn other_bounds_are_another_word_and_whose_they_are_is_none_of_it() {
    let word = |cpu: &str, member: Member| {
        let mut examples = examples();
        let profiles = json!([{ "name": "t4", "cpu": cpu, "memory": "8Gi", "gpus": 1, "image": "i", "pricePerHour": 1.0 }]);
        examples.insert("PROFILES".into(), profiles.to_string());
        let settings = Settings::read(&examples).unwrap();
        let owner = Owner { member, settings: &settings };
        let allowance = allowance(owner, None);
        assert_eq!(
            workspace(owner, &allowance).body["metadata"]["annotations"]["dcaas.dev/bounds"],
            allowance.bounds
        );
        allowance.bounds
    };
    let other = Member::parse("11111111-2222-4333-8444-555555555555").unwrap();
    assert_eq!(word("4", member()), word("4", other));
    assert_ne!(word("4", member()), word("8", member()));
}
