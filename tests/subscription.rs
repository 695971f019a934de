//! The subscription: whatever becomes of it at Graph, there is one and it is right after the next comparison, and
//! nothing that happened meanwhile is missed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::world::{Installation, eventually};

/// The one subscription that there is.
async fn the_one(dcaas: &Installation) -> Value {
    let all = dcaas.subscriptions().await;
    let [one] = &all[..] else { panic!("{all:#?}") };
    one.clone()
}

/// How long it lasts from now on.
fn lasts(subscription: &Value) -> TimeDelta {
    let expires: DateTime<Utc> = subscription["expirationDateTime"].as_str().unwrap().parse().unwrap();
    expires - Utc::now()
}

/// So many requests with this method were made about subscriptions since the gate was reset.
async fn asked(dcaas: &Installation, method: &str) -> usize {
    let requests = dcaas.requests("graph").await;
    let counts = |request: &&String| request.starts_with(method) && request.contains("/v1.0/subscriptions");
    requests.iter().filter(counts).count()
}

/// Graph tells of the next change, and it is acted on.
async fn tells(dcaas: &Installation) {
    dcaas.person().await.there().await;
}

#[tokio::test]
async fn it_is_made_by_the_first_comparison_and_renewed_when_it_is_old() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let first = the_one(&dcaas).await;
        assert_eq!(first["resource"], format!("/groups/{}", dcaas.group()));
        assert_eq!(first["changeType"], "updated,deleted");
        for address in ["notificationUrl", "lifecycleNotificationUrl"] {
            assert_eq!(first[address], format!("{}/api/membership", dcaas.functions));
        }
        assert!(lasts(&first) > TimeDelta::days(27), "{first}");
        tells(&dcaas).await;
        // one that is fresh is only looked at
        dcaas.reset_gate().await;
        dcaas.reconcile().await;
        let counts = [asked(&dcaas, "GET").await, asked(&dcaas, "PATCH").await, asked(&dcaas, "POST").await];
        assert_eq!(counts, [1, 0, 0]);
        assert_eq!(the_one(&dcaas).await, first);
        for seconds in [90, 60 * 60 * 24 * 20] {
            dcaas.graph("expire", json!({ "seconds": seconds })).await;
            dcaas.reconcile().await;
            let renewed = the_one(&dcaas).await;
            assert_eq!(renewed["id"], first["id"]);
            assert!(lasts(&renewed) > TimeDelta::days(27), "{renewed}");
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_graph_lost_is_made_again_and_nobody_is_missed() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let first = the_one(&dcaas).await["id"].clone();
        assert_eq!(dcaas.graph("lose", json!({})).await["count"], 1);
        // of this one nobody is told
        let ada = dcaas.person().await;
        dcaas.reconcile().await;
        assert_ne!(the_one(&dcaas).await["id"], first);
        ada.there().await;
        tells(&dcaas).await;
        // the same where it ended because nobody renewed it
        dcaas.graph("expire", json!({ "seconds": -1 })).await;
        let ben = dcaas.person().await;
        dcaas.reconcile().await;
        ben.there().await;
        tells(&dcaas).await;
    })
    .await;
}

#[tokio::test]
async fn what_graph_says_of_its_life_is_acted_on_at_once() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let first = the_one(&dcaas).await["id"].clone();
        // until Graph has its rights anew, it tells nothing else
        let event = json!({ "event": "reauthorizationRequired", "pause": true });
        dcaas.graph("expire", json!({ "seconds": 60 * 60 * 24 })).await;
        dcaas.graph("lifecycle", event).await;
        eventually("it is renewed", || async {
            let one = the_one(&dcaas).await;
            (one["paused"] == false && lasts(&one) > TimeDelta::days(27)).then_some(())
        })
        .await;
        assert_eq!(the_one(&dcaas).await["id"], first);
        tells(&dcaas).await;
        // it is gone, and somebody joined before it was there again
        let ada = {
            dcaas.graph("lose", json!({})).await;
            let ada = dcaas.person().await;
            dcaas.reconcile().await;
            ada
        };
        ada.there().await;
        let second = the_one(&dcaas).await["id"].clone();
        dcaas.graph("lifecycle", json!({ "event": "subscriptionRemoved" })).await;
        eventually("another one", || async {
            let all = dcaas.subscriptions().await;
            (all.len() == 1 && all[0]["id"] != second).then_some(())
        })
        .await;
        tells(&dcaas).await;
        // Graph could not tell of somebody, and says that
        dcaas.trouble(json!({ "notifications": { "drop": 1 } })).await;
        let ben = dcaas.person().await;
        dcaas.graph("lifecycle", json!({ "event": "missed" })).await;
        ben.there().await;
    })
    .await;
}

#[tokio::test]
async fn one_that_is_not_what_the_settings_say_goes_and_a_right_one_is_made() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let mut before = the_one(&dcaas).await["id"].clone();
        let elsewhere = format!("{}/api/membership?from=graph", dcaas.functions);
        let secret = "another-0123456789abcdef0123456789abcdef";
        let members = format!("/groups/{}/members", dcaas.group());
        let rows = [
            ("NOTIFICATION_URL", elsewhere.as_str(), "notificationUrl", elsewhere.as_str()),
            ("CLIENT_STATE", secret, "clientState", secret),
            ("SUBSCRIPTION_RESOURCE", "/groups/{GROUP_ID}/members", "resource", &members),
        ];
        let mut settings = json!({});
        for (setting, value, field, expected) in rows {
            settings[setting] = json!(value);
            dcaas.change(settings.clone()).await;
            dcaas.reconcile().await;
            let one = the_one(&dcaas).await;
            assert_ne!(one["id"], before, "{setting}");
            assert_eq!(one[field], expected, "{setting}");
            tells(&dcaas).await;
            before = one["id"].clone();
        }
    })
    .await;
}

#[tokio::test]
async fn one_whose_making_was_not_answered_is_found_the_next_time() {
    Installation::own(json!({}), |dcaas| async move {
        // Graph never hears of it, or we never hear of what it did
        for (fault, made) in [("cut", 0), ("kill-after", 1)] {
            dcaas.graph("lose", json!({})).await;
            let post =
                json!({ "party": "graph", "method": "POST", "path": "/subscriptions", "fault": fault });
            dcaas.fault(post).await;
            assert!(!dcaas.try_to_reconcile().await, "{fault}");
            assert_eq!(dcaas.subscriptions().await.len(), made, "{fault}");
            dcaas.reconcile().await;
            the_one(&dcaas).await;
            tells(&dcaas).await;
        }
    })
    .await;
}

#[tokio::test]
async fn many_notifications_that_name_nobody_are_worked_off_without_a_flood() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        dcaas.trouble(json!({ "notifications": { "bare": true, "pack": "single", "hold": true } })).await;
        let mut people = Vec::new();
        for _ in 0..30 {
            people.push(dcaas.person().await);
        }
        dcaas.reset_gate().await;
        dcaas.graph("release", json!({})).await;
        for person in &people {
            person.there().await;
        }
        dcaas.quiet().await;
        let requests = dcaas.requests("queue").await;
        let puts = requests.iter().filter(|request| request.starts_with("POST")).count();
        // one for each notification, one for each person, and few again of those who were looked at meanwhile
        assert!(puts < 3 * people.len(), "{puts} messages");
        let requests = dcaas.requests("graph").await;
        let lists = requests.iter().filter(|request| request.contains("/transitiveMembers")).count();
        // who waits for a comparison shares it: sixteen at a time
        assert!(lists < people.len() / 2, "{lists} lists");
    })
    .await;
}
