//! Lifecycle events (learn: graph/change-notifications-lifecycle-events), and subscriptions that are lost.

use reqwest::Method;
use sandbox::graph::{Lifecycle, Notifications, Trouble, Whose};
use serde_json::{Value, json};

use crate::subscriber::Subscriber;
use crate::{eventually, scene};

/// "Structure of a lifecycle notification", to the lifecycle address; `subscriptionRemoved` means that it is gone.
#[tokio::test]
async fn events_go_to_the_lifecycle_address() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    let made = subscriber.subscribe(&scene).await;
    let whose = Whose { app: Some(scene.app), subscription: None };
    let path = format!("subscriptions/{}", made["id"].as_str().unwrap());
    for (event, name) in [
        (Lifecycle::ReauthorizationRequired, "reauthorizationRequired"),
        (Lifecycle::Missed, "missed"),
        (Lifecycle::SubscriptionRemoved, "subscriptionRemoved"),
    ] {
        assert_eq!(scene.get(&path).await.0, 200, "before {name}");
        assert_eq!(scene.graph.lifecycle(whose, event, false), 1);
        eventually(name, || subscriber.requests().len() == 1).await;
        assert_eq!(subscriber.requests()[0].0, "/lifecycle");
        let [item] = subscriber.take(1).await.try_into().unwrap();
        let wanted = json!({
            "subscriptionId": made["id"], "subscriptionExpirationDateTime": made["expirationDateTime"],
            "tenantId": scene.entra.tenant(), "clientState": "secret", "lifecycleEvent": name,
        });
        assert_eq!(item, wanted);
    }
    assert_eq!(scene.get(&path).await.0, 404);
    scene.end().await;
}

/// "Existing subscriptions without a lifecycleNotificationUrl … don't receive the lifecycle notifications."
#[tokio::test]
async fn without_a_lifecycle_address_there_are_no_events() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    let mut wish = subscriber.wish(scene.group);
    wish["lifecycleNotificationUrl"] = Value::Null;
    assert_eq!(scene.post(&scene.reader, "subscriptions", wish).await.0, 201);
    let whose = Whose { app: Some(scene.app), subscription: None };
    assert_eq!(scene.graph.lifecycle(whose, Lifecycle::Missed, false), 0);
    scene.end().await;
}

/// "Eventually change notification delivery pauses … are lost"; `/reauthorize` or a renewal lets it flow again.
#[tokio::test]
async fn a_paused_subscription_flows_again_when_it_is_reauthorized_or_renewed() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    let made = subscriber.subscribe(&scene).await;
    let whose = Whose { app: Some(scene.app), subscription: None };
    let path = format!("subscriptions/{}", made["id"].as_str().unwrap());
    for reauthorize in [true, false] {
        scene.graph.lifecycle(whose, Lifecycle::ReauthorizationRequired, true);
        subscriber.take(1).await;
        scene.join(scene.group, scene.user("lost")).await;
        if reauthorize {
            let answer = scene.send(Method::POST, &scene.reader, &format!("{path}/reauthorize"), None).await;
            assert_eq!(answer.status(), 204);
            let shown = scene.get(&path).await.1;
            assert_eq!(shown["expirationDateTime"], made["expirationDateTime"], "it is not extended");
        } else {
            let ends = json!({"expirationDateTime": chrono::Utc::now() + chrono::Duration::days(3)});
            assert_eq!(scene.patch(&scene.reader, &path, ends).await.0, 200);
        }
        let told = scene.user("told");
        scene.join(scene.group, told).await;
        let [item] = subscriber.take(1).await.try_into().unwrap();
        assert_eq!(item["resourceData"]["members@delta"][0]["id"], json!(told));
    }
    scene.end().await;
}

/// The world's own: a subscription that is lost is just not there.
#[tokio::test]
async fn a_lost_subscription_is_gone_without_a_word() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    assert_eq!(scene.graph.lose(Whose { app: Some(scene.app), subscription: None }), 1);
    assert_eq!(scene.get("subscriptions").await.1["value"], json!([]));
    scene.join(scene.group, scene.user("ada")).await;
    eventually("nothing waits", || scene.graph.facts(None)["waiting"] == 0).await;
    assert_eq!(subscriber.items().len(), 0);
    // and there is room for another
    subscriber.subscribe(&scene).await;
    scene.end().await;
}

/// An application that is gone is told nothing, and leaves no trouble behind.
#[tokio::test]
async fn a_forgotten_application_is_told_nothing() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let notifications = Notifications { hold: true, ..Notifications::default() };
    scene.graph.trouble(Some(scene.app), Trouble { notifications, ..Trouble::default() });
    scene.join(scene.group, scene.user("ada")).await;
    scene.graph.forget(scene.app);
    scene.graph.clear(None);
    let facts = scene.graph.facts(None);
    assert_eq!((&facts["held"], &facts["subscriptions"]), (&json!(0), &json!([])));
    assert_eq!(subscriber.items().len(), 0);
    scene.end().await;
}
