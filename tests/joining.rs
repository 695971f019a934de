//! A member is provisioned: everything is made, nothing is made twice, and nothing that runs is touched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::{Installation, Person, client, eventually, facts, get, kubernetes};

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

#[tokio::test]
async fn a_member_who_calls_before_their_message_was_handled_gets_their_workspace_then() {
    let dcaas = Installation::first().await;
    let ada = Person::new().await;
    let token = ada.token().await;
    let answer = dcaas.start_steady(&token).await;
    // everything is there in the same turn; only the sign-in is still to come
    assert_eq!((answer.status, &answer.json()["phase"]), (202, &json!("sign-in")), "{}", answer.text);
    versions(&ada).await;
}

#[tokio::test]
async fn a_message_about_somebody_who_is_not_in_the_group_makes_nothing() {
    let dcaas = Installation::first().await;
    let dora = Person::made(json!({ "member": false })).await;
    dcaas.enqueue(&dora).await;
    let said = format!("{} is not in the group", dora.oid);
    eventually("the message is looked at", || async { dcaas.log().await.contains(&said).then_some(()) })
        .await;
    assert!(get(&format!("/api/v1/namespaces/{}", dora.namespace())).await.is_none());
}

#[tokio::test]
async fn a_message_about_the_group_brings_everybody_of_it_who_has_no_workspace() {
    let dcaas = Installation::new(json!({})).await;
    let there = dcaas.member().await;
    let before = there.set().await.unwrap()["metadata"]["uid"].clone();
    let mut new = Vec::new();
    for _ in 0..3 {
        new.push(Person::made(json!({ "installation": dcaas.name })).await);
    }
    let stranger = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
    dcaas.enqueue_text(&json!({ "v": 1, "group": true }).to_string()).await;
    for person in &new {
        eventually("a new member is provisioned", || person.set()).await;
    }
    assert!(stranger.set().await.is_none());
    assert_eq!(there.set().await.unwrap()["metadata"]["uid"], before);
    dcaas.remove().await;
}

#[tokio::test]
async fn while_graph_does_not_answer_nobody_is_made_or_refused_as_no_member() {
    let dcaas = Installation::new(json!({})).await;
    let ada = Person::made(json!({ "installation": dcaas.name })).await;
    let token = ada.token().await;
    dcaas.fault(json!({ "party": "graph", "times": null, "fault": { "status": 503 } })).await;
    dcaas.start_steady(&token).await.refuses(503, "graph-unavailable", "Graph is down");
    assert!(ada.set().await.is_none());
    dcaas.clear_faults().await;
    assert_eq!(dcaas.start_steady(&token).await.json()["phase"], "sign-in", "Graph is there again");
    assert!(ada.set().await.is_some());
    dcaas.remove().await;
}

#[tokio::test]
async fn a_person_who_is_added_to_the_group_has_a_workspace_soon_after() {
    let dcaas = Installation::new(json!({})).await;
    let ada = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
    subscribe(&dcaas).await;
    crate::world::control("PATCH", &format!("/people/{}", ada.name), json!({ "member": true })).await;
    eventually("the notification brings a workspace", || ada.set()).await;
    versions(&ada).await;
    dcaas.remove().await;
}

/// Subscribes the installation to its group, as its identity.
async fn subscribe(dcaas: &Installation) {
    let wish = json!({ "installation": dcaas.name, "roles": ["Group.Read.All"] });
    let token = crate::world::control("POST", "/graph/token", wish).await;
    let subscription = json!({
        "changeType": "updated,deleted",
        "notificationUrl": format!("{}/api/membership", dcaas.functions),
        "resource": format!("/groups/{}", dcaas.facts["group"].as_str().unwrap()),
        "expirationDateTime": chrono::Utc::now() + chrono::TimeDelta::days(2),
        "clientState": "local-world-b1946ac92492d2347c6235b4d2611184",
    });
    let url = format!("{}/v1.0/subscriptions", facts()["graph"].as_str().unwrap().trim_end_matches('/'));
    let request = client().post(url).bearer_auth(token["token"].as_str().unwrap()).json(&subscription);
    let answer = dcaas.send(request).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}
