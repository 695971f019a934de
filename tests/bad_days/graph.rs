//! Graph is not there, or has too much to do, or answers with what was: nobody is stopped by that, and all is caught up.

use serde_json::{Value, json};

use crate::world::{Installation, Person, eventually};

/// A team with a subscription: two who stay and one who will leave.
async fn team(dcaas: &Installation) -> [Person; 3] {
    dcaas.reconcile().await;
    [dcaas.member().await, dcaas.member().await, dcaas.member().await]
}

async fn fault(dcaas: &Installation) -> Value {
    dcaas.memory("comparison").await.unwrap()["fault"].clone()
}

async fn down(fault_of_it: Value) {
    Installation::own(json!({}), |dcaas| async move {
        let [ada, ben, cy] = team(&dcaas).await;
        dcaas.fault(json!({ "party": "graph", "times": null, "fault": fault_of_it })).await;
        let dora = dcaas.person().await;
        cy.leave().await;
        assert!(!dcaas.try_to_reconcile().await);
        let says = fault(&dcaas).await;
        assert!(says.as_str().unwrap().contains("Microsoft Graph does not answer"), "{says}");
        for person in [&ada, &ben, &cy] {
            assert!(person.set().await.is_some(), "nobody loses anything by it");
            dcaas.until(&person.token().await, "stopped").await;
        }
        assert!(dora.set().await.is_none());
        // one message may be tried in vain until it is poison: the comparison is enough
        dcaas.clear_faults().await;
        dcaas.reconcile().await;
        assert_eq!(fault(&dcaas).await, json!(null));
        dora.there().await;
        cy.gone().await;
        assert!(ada.set().await.is_some() && ben.set().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn while_graph_is_down_nobody_is_stopped_and_afterwards_all_is_caught_up() {
    tokio::join!(down(json!({ "status": 503 })), down(json!("cut")));
}

#[tokio::test]
async fn while_graph_is_busy_it_is_asked_again_when_it_says() {
    Installation::own(json!({}), |dcaas| async move {
        let [ada, ben, cy] = team(&dcaas).await;
        dcaas.trouble(json!({ "notifications": { "drop": u32::MAX } })).await;
        cy.leave().await;
        let dora = dcaas.person().await;
        dcaas.reset_gate().await;
        for path in ["/subscriptions", "/transitiveMembers", "/users/"] {
            let busy = json!({ "status": 429, "retry_after": 1 });
            dcaas.fault(json!({ "party": "graph", "path": path, "times": 2, "fault": busy })).await;
        }
        dcaas.reconcile().await;
        let requests = dcaas.requests("graph").await;
        let busy = requests.iter().filter(|request| request.ends_with(" 429")).count();
        assert!(busy >= 6, "{requests:?}");
        cy.gone().await;
        dora.there().await;
        assert!(ada.set().await.is_some() && ben.set().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_some_minutes_ago_is_asked_for_again_and_the_comparison_sees_the_rest() {
    Installation::own(json!({}), |dcaas| async move {
        let [ada, ben, cy] = team(&dcaas).await;
        let dora = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
        dcaas.trouble(json!({ "stale": "frozen" })).await;
        // shows in the gate's list that something was put on the queue for later
        for times in ["visibilitytimeout=120", "visibilitytimeout=900"] {
            let once = json!({ "party": "queue", "path": times, "times": 2, "fault": { "status": 503 } });
            dcaas.fault(once).await;
        }
        let later = async || {
            let requests = dcaas.requests("queue").await;
            requests.iter().filter(|r| r.starts_with("POST") && r.ends_with(" 503")).count()
        };
        dcaas.reset_gate().await;
        cy.leave().await;
        dora.join().await;
        eventually("both are looked at again in two minutes", || async {
            (later().await == 2).then_some(())
        })
        .await;
        dcaas.quiet().await;
        // the second look is as blind, and there is a third one
        dcaas.enqueue_text(&json!({ "v": 1, "member": cy.oid, "after": 1 }).to_string()).await;
        eventually("and once more in a quarter of an hour", || async { (later().await > 2).then_some(()) })
            .await;
        dcaas.quiet().await;
        assert!(cy.set().await.is_some() && dora.set().await.is_none());
        dcaas.trouble(json!(null)).await;
        dcaas.reconcile().await;
        cy.gone().await;
        dora.there().await;
        assert!(ada.set().await.is_some() && ben.set().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_list_of_some_minutes_ago_takes_nothing_from_somebody_who_has_just_come() {
    Installation::own(json!({}), |dcaas| async move {
        let [ada, ben, cy] = team(&dcaas).await;
        dcaas.trouble(json!({ "notifications": { "drop": u32::MAX } })).await;
        // what Graph goes on telling is a moment when she was not in the group
        cy.leave().await;
        dcaas.trouble(json!({ "stale": "frozen", "notifications": { "drop": u32::MAX } })).await;
        cy.join().await;
        dcaas.reset_gate().await;
        let busy = json!({ "status": 429, "retry_after": 8 });
        dcaas.fault(json!({ "party": "graph", "path": format!("/users/{}", cy.oid), "fault": busy })).await;
        let fresh_after_the_list = async {
            eventually("the list is given", || async {
                let requests = dcaas.requests("graph").await;
                requests.iter().any(|r| r.contains("/transitiveMembers") && r.ends_with(" 200")).then_some(())
            })
            .await;
            dcaas.trouble(json!(null)).await;
        };
        tokio::join!(dcaas.reconcile(), fresh_after_the_list);
        assert!(dcaas.requests("graph").await.iter().any(|r| r.ends_with(" 429")), "she was asked about");
        assert_eq!(cy.left().await, None);
        for person in [&ada, &ben, &cy] {
            assert!(person.set().await.is_some());
        }
    })
    .await;
}
