//! Keys and headers that roll over while the app runs: nobody notices.

use serde_json::json;

use super::provisioned;
use crate::world::{Installation, control, eventually};

/// The old key is not dropped here: the whole world signs with it, also for the tests beside this one. What
/// happens then is a test of `identity/keys.rs`.
#[tokio::test]
async fn a_new_key_of_the_tenant_counts_at_once_and_the_old_one_goes_on() {
    let dcaas = Installation::new(json!({})).await;
    let ada = dcaas.member().await;
    let old = ada.token().await;
    assert_eq!(dcaas.get(&old, "/api/status").await.status, 200);

    control("POST", "/keys/roll", json!({})).await;
    let new = ada.token().await;
    let retired = ada.token_with(json!({ "key": "retired" })).await;
    for (what, token) in [("the new key", &new), ("the old key", &old), ("the old key, new", &retired)] {
        let answer = dcaas.get(token, "/api/status").await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
    }
    // as well for one that starts now, and has never seen the old key alone
    control("POST", &format!("/installations/{}/executable/kill", dcaas.name), json!(null)).await;
    for (what, token) in [("the new key", &new), ("the old key", &old)] {
        let answer = dcaas.get(token, "/api/status").await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
    }
    dcaas.remove().await;
}

#[tokio::test]
async fn a_new_header_of_the_identity_endpoint_stops_nothing() {
    let dcaas = Installation::new(json!({})).await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let fetched = dcaas.requests("identity").await.len();
    assert!(fetched > 0);

    control("POST", &format!("/installations/{}/identity/rotate", dcaas.name), json!(null)).await;
    let started = dcaas.start_steady(&token).await;
    assert_eq!(started.status, 202, "{}", started.text);
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    // also what needs another token than the cluster's
    provisioned(&dcaas).await;
    let health = dcaas.send(dcaas.request("GET", "/api/health")).await;
    assert_eq!(health.status, 200, "{}", health.text);
    assert_eq!(dcaas.requests("identity").await.len(), fetched, "the tokens that it has are good for a day");

    // the next process gets the new header from the platform
    control("POST", &format!("/installations/{}/executable/kill", dcaas.name), json!(null)).await;
    eventually("it is well again", || async {
        (dcaas.send(dcaas.request("GET", "/api/health")).await.status == 200).then_some(())
    })
    .await;
    assert!(dcaas.requests("identity").await.len() > fetched, "and asks with it");
    dcaas.remove().await;
}
