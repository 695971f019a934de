//! The brake and what is wrong with comparisons: in `health` without anybody's name, in `workspaces` with them.

use serde_json::{Value, json};

use super::{admin, of, seen};
use crate::world::{Answer, Installation, control, eventually, get};

async fn health(dcaas: &Installation) -> Answer {
    dcaas.send(dcaas.request("GET", "/api/health")).await
}

/// The only fault that it tells; it names nobody.
fn fault(health: &Answer) -> String {
    let told = health.json();
    assert_eq!((health.status, &told["healthy"]), (503, &json!(false)), "{told:#}");
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{told:#}");
    assert!(!told.to_string().contains("dc-"), "{told:#}");
    faults[0].as_str().unwrap().to_owned()
}

fn is_well(health: &Answer) {
    assert_eq!((health.status, &health.json()["faults"]), (200, &json!([])), "{}", health.text);
}

#[tokio::test]
async fn the_brake_is_told_as_long_as_it_holds() {
    Installation::own(json!({}), |dcaas| async move {
        let boss = admin(&dcaas).await.token().await;
        let people = futures::future::join_all((0..5).map(|_| dcaas.member())).await;
        let before = health(&dcaas).await;
        is_well(&before);
        assert_eq!(before.json().get("compared"), Some(&Value::Null), "{}", before.text);
        assert!(seen(&dcaas, &boss).await["comparison"].is_null());
        // nobody tells of it before the first comparison makes the subscription
        for person in &people[1..] {
            person.leave().await;
        }
        dcaas.reconcile().await;

        let all = seen(&dcaas, &boss).await;
        let brake = &all["brake"];
        assert_eq!((&brake["count"], &brake["cause"]), (&json!(4), &json!("too-many")), "{brake:#}");
        let mut losers: Vec<&str> = people[1..].iter().map(|person| person.oid.as_str()).collect();
        losers.sort_unstable();
        assert_eq!(brake["members"], json!(losers));
        let since = brake["since"].as_str().unwrap();
        let told = fault(&health(&dcaas).await);
        assert_eq!(told, brake["says"].as_str().unwrap());
        for words in ["Nobody is removed since", "4 people", &format!("set LEAVING_CONFIRMED to {since}")] {
            assert!(told.contains(words), "{told}");
        }
        assert!(people.iter().all(|person| !told.contains(&person.oid)), "{told}");
        assert!(dcaas.log().await.contains(&told), "it is in the log");
        assert!(all["comparison"]["fault"].is_null(), "the brake itself is no fault of the comparison");
        for person in &people {
            assert_eq!(of(&all, person)["phase"], "stopped");
        }

        for person in &people[1..] {
            person.join().await;
        }
        dcaas.reconcile().await;
        let after = health(&dcaas).await;
        is_well(&after);
        assert!(after.json()["compared"].is_string(), "{}", after.text);
        assert!(seen(&dcaas, &boss).await["brake"].is_null());
    })
    .await;
}

#[tokio::test]
async fn a_permission_that_is_missing_at_graph_is_named_and_changes_nobody() {
    Installation::own(json!({}), |dcaas| async move {
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let roles = json!({ "installation": dcaas.name, "roles": ["Group.Read.All"] });
        control("POST", "/graph/roles", roles).await;
        // a token that it has is as good as before: only a new one has less
        dcaas.kill().await;
        eventually("it is up again", || async { (health(&dcaas).await.status == 200).then_some(()) }).await;
        ben.leave().await;
        let cy = dcaas.person().await;
        dcaas.reconcile().await;
        let told = fault(&health(&dcaas).await);
        for words in ["User.Read.All", "a new grant may take hours to count"] {
            assert!(told.contains(words), "{told}");
        }
        assert!(ada.set().await.is_some() && ben.set().await.is_some(), "nobody is removed");
        assert!(get(&format!("/api/v1/namespaces/{}", cy.namespace())).await.is_none(), "nobody is admitted");
    })
    .await;
}

#[tokio::test]
async fn parties_that_are_down_are_told() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.member().await;
        dcaas.reset_gate().await;
        is_well(&health(&dcaas).await);
        assert_eq!(dcaas.requests("kubernetes").await.len(), 1, "it takes one request");
        dcaas.fault(json!({ "party": "graph", "times": null, "fault": { "status": 503 } })).await;
        assert!(!dcaas.try_to_reconcile().await);
        let told = fault(&health(&dcaas).await);
        assert!(told.contains("Microsoft Graph does not answer"), "{told}");
        dcaas.clear_faults().await;
        dcaas.reconcile().await;
        is_well(&health(&dcaas).await);
        dcaas.fault(json!({ "party": "kubernetes", "times": null, "fault": { "status": 401 } })).await;
        let deaf = health(&dcaas).await;
        assert!(fault(&deaf).contains("the cluster does not answer"), "{}", deaf.text);
        assert!(deaf.json()["compared"].is_null());
        dcaas.clear_faults().await;
        is_well(&health(&dcaas).await);
    })
    .await;
}
