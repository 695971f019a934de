//! Entra, the identity endpoint or the storage account is not there: what is kept serves, and the rest is told.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Call, provisioned, unavailable};
use crate::world::{Installation, Token, control, eventually};

/// Everything that a party is asked for meets this, until the faults are cleared.
async fn down(dcaas: &Installation, party: &str, fault: &Value) {
    dcaas.clear_faults().await;
    dcaas.fault(json!({ "party": party, "times": null, "fault": fault })).await;
}

async fn good(dcaas: &Installation, token: &Token) {
    let answer = Call::Status.ask(dcaas, token).await;
    assert!(Call::Status.is_good(&answer), "{}", answer.text);
}

/// A party that a call needs is down: told while nothing is kept of it, and not noticed later on.
async fn needed_once(party: &str, code: &str, faults: &[Value]) {
    Installation::own(json!({}), |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        for fault in faults {
            // a new process has kept nothing
            dcaas.kill().await;
            down(&dcaas, party, fault).await;
            // also those who ask while another already waits
            let waiting: Vec<_> = (0..4).map(|_| Call::Status.ask(&dcaas, &token)).collect();
            join_all(waiting).await.iter().for_each(|answer| unavailable(answer, code));
        }
        dcaas.clear_faults().await;
        good(&dcaas, &token).await;
        for fault in faults {
            down(&dcaas, party, fault).await;
            good(&dcaas, &token).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_of_entra_and_of_the_identity_endpoint_outlasts_them() {
    let refuses = [json!({ "status": 503 }), json!({ "status": 500 }), json!("cut")];
    let silent = [json!("hang")];
    tokio::join!(
        needed_once("entra", "entra-unavailable", &refuses),
        needed_once("entra", "entra-unavailable", &silent),
        needed_once("identity", "cluster-unavailable", &refuses[..1]),
        needed_once("identity", "cluster-unavailable", &refuses[1..2]),
        needed_once("identity", "cluster-unavailable", &refuses[2..]),
        needed_once("identity", "cluster-unavailable", &silent),
    );
}

#[tokio::test]
async fn a_rotated_identity_is_not_noticed_by_those_who_call() {
    Installation::own(json!({}), |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        good(&dcaas, &token).await;
        control("POST", &format!("/installations/{}/identity/rotate", dcaas.name), json!(null)).await;
        good(&dcaas, &token).await;
        dcaas.kill().await;
        good(&dcaas, &token).await;
    })
    .await;
}

/// The storage account does this; what comes of a message.
async fn storage(fault: Value) {
    Installation::own(json!({}), |dcaas| async move {
        let short = dcaas.person().await;
        dcaas.fault(json!({ "party": "blob", "times": 1, "fault": fault })).await;
        dcaas.enqueue(&short).await;
        provisioned(&dcaas, &short).await;

        let long = dcaas.person().await;
        down(&dcaas, "blob", &fault).await;
        let given_up = async || dcaas.log().await.matches("storage-unavailable").count();
        let before = given_up().await;
        dcaas.enqueue(&long).await;
        eventually("it is given up", || async { (given_up().await > before).then_some(()) }).await;
        assert!(long.set().await.is_none(), "the StatefulSet is the last of all: {fault}");
        dcaas.clear_faults().await;
        provisioned(&dcaas, &long).await;
    })
    .await;
}

#[tokio::test]
async fn a_provision_waits_for_storage() {
    tokio::join!(
        // a container of that name is still being deleted
        storage(json!({ "status": 409 })),
        storage(json!({ "status": 503 })),
        storage(json!("cut")),
        storage(json!("hang")),
    );
}
