//! A member is provisioned: everything is made, nothing is made twice, and nothing that runs is touched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::{Installation, Person, eventually, get, kubernetes};

/// The resourceVersion of everything that a person has.
async fn versions(person: &Person) -> BTreeMap<String, String> {
    let ns = person.namespace();
    let paths = [
        format!("/api/v1/namespaces/{ns}"),
        format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings/dcaas"),
        format!("/api/v1/namespaces/{ns}/limitranges/workspace"),
        format!("/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/workspace"),
        format!("/api/v1/namespaces/{ns}/persistentvolumeclaims/home"),
        format!("/api/v1/namespaces/{ns}/persistentvolumeclaims/data"),
        format!("/api/v1/persistentvolumes/{ns}"),
        person.set_path(),
    ];
    let mut versions = BTreeMap::new();
    for path in paths {
        let object = get(&path).await.unwrap_or_else(|| panic!("{path} is missing"));
        versions.insert(path, object["metadata"]["resourceVersion"].as_str().unwrap().to_owned());
    }
    // these are written to by Kubernetes' own controllers: what counts is what we wish for
    for path in [
        format!("/api/v1/namespaces/{ns}/resourcequotas/workspace"),
        format!("/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets/workspace"),
    ] {
        let object = get(&path).await.unwrap_or_else(|| panic!("{path} is missing"));
        versions.insert(path, object["spec"].to_string());
    }
    versions
}

/// Waits until the installation has worked off a message for that person.
async fn provisioned_again(dcaas: &Installation, person: &Person) {
    let count = |log: &str| log.matches(&format!("provisioned {}", person.oid)).count();
    let before = count(&dcaas.log().await);
    dcaas.enqueue(person).await;
    eventually("the message is worked off", || async { (count(&dcaas.log().await) > before).then_some(()) })
        .await;
}

async fn bound(person: &Person) {
    eventually("the data claim is bound", || async {
        let claim = get(&person.path("persistentvolumeclaims/data")).await?;
        (claim["status"]["phase"] == "Bound").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_makes_everything_that_a_member_needs() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    bound(&ada).await;
    versions(&ada).await;
    let namespace = get(&format!("/api/v1/namespaces/{}", ada.namespace())).await.unwrap();
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "baseline");
    let set = ada.set().await.unwrap();
    assert_eq!(set["spec"]["replicas"], 0);
    assert_eq!(set["metadata"]["annotations"]["dcaas.dev/session"], "");
    let status = dcaas.status(&ada.token().await).await;
    assert_eq!(status["phase"], "stopped", "{status}");
}

#[tokio::test]
async fn a_second_message_changes_nothing() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    bound(&ada).await;
    let before = versions(&ada).await;
    provisioned_again(&dcaas, &ada).await;
    assert_eq!(versions(&ada).await, before);
}

#[tokio::test]
async fn a_message_while_the_workspace_runs_neither_stops_nor_restarts_it() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    dcaas.start_steady(&token).await;
    dcaas.until(&token, "running").await;
    let uid = |pods: Vec<Value>| pods[0]["metadata"]["uid"].clone();
    let pod = uid(ada.pods().await);
    let before = versions(&ada).await;
    provisioned_again(&dcaas, &ada).await;
    assert_eq!(versions(&ada).await, before);
    assert_eq!(uid(ada.pods().await), pod);
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn what_was_taken_away_by_hand_comes_back() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let policy =
        format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies/workspace", ada.namespace());
    kubernetes("DELETE", &policy, json!(null)).await.unwrap();
    let quota = ada.path("resourcequotas/workspace");
    kubernetes("PATCH", &quota, json!({ "spec": { "hard": { "pods": "50" } } })).await.unwrap();
    provisioned_again(&dcaas, &ada).await;
    assert!(get(&policy).await.is_some());
    assert_eq!(get(&quota).await.unwrap()["spec"]["hard"]["pods"], "1");
}

#[tokio::test]
async fn a_message_that_nobody_can_read_ends_in_the_poison_queue_with_a_reason() {
    let dcaas = Installation::first().await;
    let text = json!({ "v": 9, "member": "nobody", "mark": "poison-test" }).to_string();
    dcaas.enqueue_text(&text).await;
    let path = format!("/installations/{}/queues/members-poison", dcaas.name);
    eventually("the message is poison", || async {
        let peeked = crate::world::control("GET", &path, json!(null)).await;
        peeked.as_array()?.iter().any(|m| m["text"] == text.as_str()).then_some(())
    })
    .await;
    let log = dcaas.log().await;
    assert!(log.contains("version 9 instead of 1"), "the reason is in the log");
    let health = dcaas.send(dcaas.request("GET", "/api/health")).await;
    assert_eq!(health.status, 200, "the app stays up: {}", health.text);
}
