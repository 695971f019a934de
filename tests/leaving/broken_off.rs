//! Leaving that broke off: whoever calls then is asked about at Graph, as if they had no workspace.

use serde_json::{Value, json};

use crate::world::{
    Installation, Person, Token, break_machines, eventually, get, kubernetes, sign_in, with_profiles,
};

/// Somebody with a session whose leaving gets no further than this fault lets it.
async fn broken_off(dcaas: &Installation, fault: Value) -> (Person, Token, String) {
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let started = dcaas.start(&token, json!({})).await;
    assert_eq!(started.status, 202, "{}", started.text);
    dcaas.fault(fault).await;
    ada.leave().await;
    dcaas.enqueue(&ada).await;
    eventually("the session has ended, and no more", || async {
        let set = ada.set().await?;
        let ended = set["metadata"]["annotations"]["dcaas.dev/ended"].as_str()?.to_owned();
        ended.contains("\"by\":\"leaving\"").then_some(())
    })
    .await;
    assert!(ada.left().await.is_some());
    (ada, token, started.json()["session"].as_str().unwrap().to_owned())
}

/// The sessions that are recorded.
async fn recorded(dcaas: &Installation) -> Vec<String> {
    let blobs = dcaas.blobs("usage", "").await.unwrap_or_default();
    let session = |text: &String| serde_json::from_str::<Value>(text).unwrap()["session"].clone();
    blobs.iter().map(|(_, text)| session(text).as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_start_after_leaving_that_broke_off_asks_graph() {
    let wish = with_profiles(&["brokenoff"]);
    Installation::own(wish.clone(), |_| async {}).await;
    break_machines("brokenoff", "max-reached").await;
    Installation::own(wish, |dcaas| async move {
        let _stays = dcaas.member().await;
        // all but the StatefulSet is gone
        let last = json!({
            "party": "kubernetes", "method": "DELETE", "path": "statefulsets", "times": null,
            "fault": { "status": 403 },
        });
        let (ada, token, session) = broken_off(&dcaas, last).await;
        dcaas.start(&token, json!({})).await.refuses(403, "not-a-member", "Graph knows that they left");
        eventually("the session is recorded", || async {
            (recorded(&dcaas).await == [session.clone()]).then_some(())
        })
        .await;
        ada.join().await;
        let start = dcaas.start(&token, json!({})).await;
        assert_eq!(start.json()["phase"], "sign-in", "the token is gone: {}", start.text);
        assert_eq!(ada.left().await, None, "but they are back");
        dcaas.clear_faults().await;
        sign_in(&ada).await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        // whatever comes late of it changes nothing
        dcaas.enqueue(&ada).await;
        dcaas.quiet().await;
        assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 1);
        dcaas.stop(&token).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_that_leaving_ended_and_did_not_record_is_recorded_by_the_next_start() {
    let wish = with_profiles(&["brokenoffb"]);
    Installation::own(wish.clone(), |_| async {}).await;
    break_machines("brokenoffb", "max-reached").await;
    Installation::own(wish, |dcaas| async move {
        let _stays = dcaas.member().await;
        let record = json!({ "party": "blob", "path": "usage", "times": null, "fault": { "status": 403 } });
        let (ada, token, session) = broken_off(&dcaas, record).await;
        ada.join().await;
        dcaas.clear_faults().await;
        let started = dcaas.start(&token, json!({})).await;
        assert_eq!(started.status, 202, "{}", started.text);
        assert_eq!(recorded(&dcaas).await, [session]);
        dcaas.stop(&token).await;
    })
    .await;
}

#[tokio::test]
async fn only_a_session_that_is_not_recorded_yet_is_recorded() {
    let wish = with_profiles(&["brokenoffc"]);
    Installation::own(wish.clone(), |_| async {}).await;
    break_machines("brokenoffc", "max-reached").await;
    Installation::own(wish, |dcaas| async move {
        let (ada, ben, _stays) = (dcaas.member().await, dcaas.member().await, dcaas.member().await);
        let mut sessions = Vec::new();
        for person in [&ada, &ben] {
            let token = person.token().await;
            let started = dcaas.start(&token, json!({})).await.json();
            sessions.push(started["session"].as_str().unwrap().to_owned());
            assert!([200, 202].contains(&dcaas.stop(&token).await.status));
        }
        // somebody has noted that there is a record of this one
        let set = ben.set().await.unwrap();
        let ended = set["metadata"]["annotations"]["dcaas.dev/ended"].as_str().unwrap();
        let noted = ended.replace("\"recorded\":false", "\"recorded\":true");
        assert_ne!(noted, ended);
        let patch = json!({ "metadata": { "annotations": { "dcaas.dev/ended": noted } } });
        kubernetes("PATCH", &ben.set_path(), patch).await.unwrap();
        for person in [&ada, &ben] {
            person.leave().await;
            dcaas.enqueue(person).await;
            person.gone().await;
        }
        assert_eq!(recorded(&dcaas).await, sessions[..1]);
    })
    .await;
}

#[tokio::test]
async fn whoever_has_no_workspace_any_more_or_not_yet_leaves_nothing_behind_either() {
    Installation::own(json!({}), |dcaas| async move {
        let (ada, _stays) = (dcaas.member().await, dcaas.member().await);
        kubernetes("DELETE", &ada.set_path(), json!(null)).await.unwrap();
        // of ben there is a namespace, and not even a right in it
        let ben = dcaas.person().await;
        let no_binding = json!({
            "party": "kubernetes", "path": "/rolebindings", "times": null, "fault": { "status": 403 },
        });
        dcaas.fault(no_binding).await;
        dcaas.enqueue(&ben).await;
        let namespace = format!("/api/v1/namespaces/{}", ben.namespace());
        eventually("the beginning of a workspace", || get(&namespace)).await;
        for person in [&ada, &ben] {
            person.leave().await;
        }
        dcaas.reconcile().await;
        assert!(ada.left().await.is_some() && ben.left().await.is_some());
        assert!(get(&ada.path("secrets/tunnel")).await.is_none());
    })
    .await;
}
