//! From a forged or repeated notification to its end: whoever is in the group keeps what they have, and whoever is not
//! trusted makes nobody look.

use serde_json::{Value, json};

use crate::world::{Installation, Person};

/// A notification's difference that says somebody was removed.
fn removal(person: &Person) -> Value {
    let named = json!([
        { "@odata.type": "#microsoft.graph.user", "id": person.oid, "@removed": { "reason": "deleted" } }
    ]);
    json!({ "resourceData": { "members@delta": named } })
}

async fn forge(dcaas: &Installation, mut item: Value, difference: &Value) {
    item.as_object_mut().unwrap().extend(difference.as_object().unwrap().clone());
    // who forges learns nothing
    assert_eq!(dcaas.graph("forge", json!({ "item": item })).await["status"], 202, "{difference}");
}

#[tokio::test]
async fn a_forged_removal_takes_nothing_from_anybody_and_makes_nobody_look() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let (stays, leaves, _third) = (dcaas.member().await, dcaas.member().await, dcaas.member().await);
        // of this removal Graph tells nobody: whoever looked would act on it
        dcaas.trouble(json!({ "notifications": { "drop": 1 } })).await;
        leaves.leave().await;
        dcaas.quiet().await;
        dcaas.reset_gate().await;
        for difference in [
            json!({ "clientState": null }),
            json!({ "clientState": "local-world-b1946ac92492d2347c6235b4d2611185" }),
            json!({ "tenantId": "22222222-2222-2222-2222-222222222222" }),
        ] {
            forge(&dcaas, removal(&stays), &difference).await;
            forge(&dcaas, removal(&leaves), &difference).await;
        }
        dcaas.quiet().await;
        for party in ["graph", "kubernetes", "queue"] {
            let requests = dcaas.requests(party).await;
            assert!(requests.iter().all(|request| !request.starts_with("POST")), "{party}: {requests:?}");
        }
        assert!(stays.set().await.is_some() && leaves.set().await.is_some());
        // one that is right in everything but its word: Graph is asked
        forge(&dcaas, removal(&stays), &json!({})).await;
        dcaas.quiet().await;
        assert!(stays.set().await.is_some());
        assert_eq!(stays.left().await, None);
        forge(&dcaas, removal(&leaves), &json!({})).await;
        leaves.gone().await;
    })
    .await;
}

#[tokio::test]
async fn a_notification_that_is_sent_again_changes_nothing() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        ada.leave().await;
        ada.gone().await;
        ada.join().await;
        ada.there().await;
        ben.leave().await;
        ben.gone().await;
        dcaas.quiet().await;
        let uid = ada.set().await.unwrap()["metadata"]["uid"].clone();
        let left = ben.left().await;
        let replayed = dcaas.graph("replay", json!({ "last": 10 })).await;
        let statuses = replayed["statuses"].as_array().unwrap();
        assert!(statuses.len() >= 3 && statuses.iter().all(|status| status == 202), "{replayed}");
        dcaas.quiet().await;
        dcaas.reconcile().await;
        dcaas.quiet().await;
        assert_eq!(ada.set().await.unwrap()["metadata"]["uid"], uid);
        assert_eq!(ada.left().await, None);
        assert!(ben.set().await.is_none());
        assert_eq!(ben.left().await, left, "dated once");
    })
    .await;
}
