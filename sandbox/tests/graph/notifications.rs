//! What subscribers are told, and how often.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::subscriber::Subscriber;
use crate::{eventually, scene, token};

/// Facts, "Payloads": adding and removing both come as `updated`, with the state, the tenant and who it was
/// (microsoft-graph-docs 3457, 9915, 18763).
#[tokio::test]
async fn a_direct_change_is_told_with_the_client_state() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    let made = subscriber.subscribe(&scene).await;
    let (ada, group) = (scene.user("ada"), scene.group);
    scene.join(group, ada).await;
    eventually("one request", || subscriber.requests().len() == 1).await;
    let (path, kind, _) = subscriber.requests().remove(0);
    assert_eq!((path.as_str(), kind.as_str()), ("/notify?code=1", "application/json; charset=utf-8"));
    let [joined] = subscriber.take(1).await.try_into().unwrap();
    scene.leave(group, ada).await;
    let [left] = subscriber.take(1).await.try_into().unwrap();
    for item in [&joined, &left] {
        assert_eq!((&item["subscriptionId"], &item["clientState"]), (&made["id"], &json!("secret")));
        assert_eq!(
            (&item["changeType"], &item["tenantId"]),
            (&json!("updated"), &json!(scene.entra.tenant()))
        );
        assert_eq!(item["subscriptionExpirationDateTime"], made["expirationDateTime"]);
        assert_eq!(item["resource"], format!("Groups/{group}"));
        assert_eq!(item["resourceData"]["id"], json!(group));
        assert_eq!(item.get("lifecycleEvent"), None);
    }
    let user = json!({"@odata.type": "#microsoft.graph.user", "id": ada});
    assert_eq!(joined["resourceData"]["members@delta"], json!([user]));
    let mut gone = user;
    gone["@removed"] = json!({"reason": "deleted"});
    assert_eq!(left["resourceData"]["members@delta"], json!([gone]));
    scene.end().await;
}

/// Facts, "What to subscribe to" and "Later findings" (microsoft-graph-docs 17514, 4822): a nested group is an entry;
/// what changes in it is not told, and neither is a disabled account.
#[tokio::test]
async fn nested_changes_and_disabled_accounts_are_not_told() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let (ada, ben, inner) = (scene.user("ada"), scene.user("ben"), Uuid::new_v4());
    scene.directory.add_group(inner, "inner");
    scene.join(scene.group, inner).await;
    let [item] = subscriber.take(1).await.try_into().unwrap();
    let entry = json!([{"@odata.type": "#microsoft.graph.group", "id": inner}]);
    assert_eq!(item["resourceData"]["members@delta"], entry);
    scene.join(inner, ada).await;
    scene.patch(&scene.admin, &format!("users/{ada}"), json!({"accountEnabled": false})).await;
    scene.delete(&scene.admin, &format!("users/{ada}")).await;
    // what is told comes in order, so nothing came before this one
    scene.join(scene.group, ben).await;
    let [item] = subscriber.take(1).await.try_into().unwrap();
    assert_eq!(item["resourceData"]["members@delta"][0]["id"], json!(ben));
    scene.end().await;
}

/// microsoft-graph-docs 3457: a removed group comes as `updated`, and names nobody.
#[tokio::test]
async fn a_removed_group_is_told_as_updated() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    scene.delete(&scene.admin, &format!("groups/{}", scene.group)).await;
    let [item] = subscriber.take(1).await.try_into().unwrap();
    assert_eq!((&item["changeType"], item["resourceData"].get("members@delta")), (&json!("updated"), None));
    scene.end().await;
}

/// learn: graph/change-notifications-delivery-webhooks: "may send multiple notifications … in the same POST".
#[tokio::test]
async fn notifications_of_a_moment_come_in_batches() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let people: Vec<Uuid> = (0..300).map(|n| scene.user(&format!("p{n}"))).collect();
    for person in &people {
        scene.directory.join(scene.group, &[*person]).unwrap();
    }
    eventually("300 notifications", || subscriber.items().len() == 300).await;
    assert!(subscriber.requests().len() < 30, "{} requests", subscriber.requests().len());
    let person =
        |item: &Value| item["resourceData"]["members@delta"][0]["id"].as_str().unwrap().parse().unwrap();
    let told: std::collections::BTreeSet<Uuid> = subscriber.items().iter().map(person).collect();
    assert_eq!(told, people.into_iter().collect());
    scene.end().await;
}

/// The same page: not a 2xx within 3 seconds: "tries to resend the change notification multiple times".
#[tokio::test]
async fn what_is_not_taken_comes_again() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    subscriber.answers(&[503, 404]);
    scene.join(scene.group, scene.user("ada")).await;
    let items = subscriber.take(3).await;
    assert!(items[0] == items[1] && items[1] == items[2], "{items:#?}");
    eventually("nothing waits", || scene.graph.facts(Some(scene.app))["waiting"] == 0).await;
    let sent = scene.graph.facts(Some(scene.app))["sent"].clone();
    let statuses: Vec<_> =
        sent.as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [404, 503, 202]);
    scene.end().await;
}

/// A deleted subscription is told nothing, also not what still waited; others are told theirs.
#[tokio::test]
async fn a_deleted_subscription_is_told_nothing() {
    let (scene, subscriber, other) = (scene().await, Subscriber::start().await, Subscriber::start().await);
    let made = subscriber.subscribe(&scene).await;
    let others = token(&scene.entra, Uuid::new_v4(), &crate::READER);
    assert_eq!(scene.post(&others, "subscriptions", other.wish(scene.group)).await.0, 201);
    subscriber.answers(&[500]);
    scene.join(scene.group, scene.user("ada")).await;
    subscriber.take(1).await;
    scene.delete(&scene.reader, &format!("subscriptions/{}", made["id"].as_str().unwrap())).await;
    eventually("nothing waits", || scene.graph.facts(None)["waiting"] == 0).await;
    scene.join(scene.group, scene.user("ben")).await;
    eventually("the other hears of both", || other.items().len() == 2).await;
    eventually("nothing waits", || scene.graph.facts(None)["waiting"] == 0).await;
    assert_eq!(subscriber.items().len(), 0);
    scene.end().await;
}

/// Two subscriptions of one application at one address share a request.
#[tokio::test]
async fn one_request_may_carry_several_subscriptions() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let mut wish = subscriber.wish(scene.group);
    (wish["resource"], wish["clientState"]) =
        (json!(format!("groups/{}/members", scene.group)), json!("other"));
    assert_eq!(scene.post(&scene.reader, "subscriptions", wish).await.0, 201);
    scene.join(scene.group, scene.user("ada")).await;
    eventually("two notifications", || subscriber.items().len() == 2).await;
    let requests = subscriber.requests();
    let (.., body) = requests.last().unwrap();
    let states: Vec<_> =
        body["value"].as_array().unwrap().iter().map(|item| item["clientState"].clone()).collect();
    assert!(states.contains(&json!("secret")) && states.contains(&json!("other")), "{states:?}");
    scene.end().await;
}
