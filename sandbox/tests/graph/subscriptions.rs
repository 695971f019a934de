//! Subscriptions: the handshake, what may be subscribed to, for how long, and how many.

use reqwest::Url;
use sandbox::graph::Trouble;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::subscriber::{Handshake, Subscriber};
use crate::{Scene, error, scene, token};

async fn scene_with_subscriber() -> (Scene, Subscriber) {
    (scene().await, Subscriber::start().await)
}

/// learn: graph/change-notifications-delivery-webhooks, "notificationUrl validation": a POST with
/// `Content-Type: text/plain; charset=utf-8` and the token in the query, to both addresses; their own query stays.
#[tokio::test]
async fn both_addresses_are_validated_and_the_subscription_is_shown() {
    let (scene, subscriber) = scene_with_subscriber().await;
    let wish = subscriber.wish(scene.group);
    let (status, made) = scene.post(&scene.reader, "subscriptions", wish.clone()).await;
    assert_eq!(status, 201, "{made}");
    for name in ["changeType", "resource", "clientState", "notificationUrl", "lifecycleNotificationUrl"] {
        assert_eq!(made[name], wish[name], "{name}");
    }
    assert_eq!(
        (&made["applicationId"], &made["latestSupportedTlsVersion"]),
        (&json!(scene.app), &json!("v1_2"))
    );
    let [(notify, kind, body), (lifecycle, ..)] = subscriber.requests().try_into().unwrap();
    assert_eq!((kind.as_str(), body), ("text/plain; charset=utf-8", json!("")));
    assert!(notify.starts_with("/notify?code=1&validationToken="), "{notify}");
    assert!(lifecycle.starts_with("/lifecycle?validationToken="), "{lifecycle}");
    let path = format!("subscriptions/{}", made["id"].as_str().unwrap());
    let (status, mut shown) = scene.get(&path).await;
    shown["@odata.context"] = made["@odata.context"].clone();
    assert_eq!((status, &shown), (200, &made));
    assert_eq!(scene.get("subscriptions").await.1["value"][0]["id"], made["id"]);
    // learn: graph/api/subscription-list: an application sees its own
    let other = token(&scene.entra, Uuid::new_v4(), &crate::READER);
    assert_eq!(scene.delete(&other, &path).await.0, 404);
    assert_eq!(scene.delete(&scene.reader, &path).await, (204, Value::Null));
    assert_eq!(error(scene.get(&path).await), (404, "ResourceNotFound".into()));
    scene.end().await;
}

/// The same page: "HTTP 200 OK", "text/plain", "the URL decoded plain text validation token".
#[tokio::test]
async fn an_address_that_answers_otherwise_is_no_address() {
    let (scene, subscriber) = scene_with_subscriber().await;
    let wish = subscriber.wish(scene.group);
    for handshake in [Handshake::Encoded, Handshake::Html, Handshake::Accepted] {
        subscriber.shake(handshake);
        let refused = scene.post(&scene.reader, "subscriptions", wish.clone()).await;
        assert_eq!(error(refused), (400, "ValidationError".into()), "{handshake:?}");
    }
    let mut gone = wish.clone();
    gone["lifecycleNotificationUrl"] = "http://127.0.0.1:1/".into();
    subscriber.shake(Handshake::Right);
    assert_eq!(error(scene.post(&scene.reader, "subscriptions", gone).await).0, 400);
    assert_eq!(scene.get("subscriptions").await.1["value"], json!([]));
    scene.end().await;
}

/// The same page: "within 10 seconds".
#[tokio::test]
async fn an_address_that_does_not_answer_is_waited_for_ten_seconds() {
    let (scene, subscriber) = scene_with_subscriber().await;
    subscriber.shake(Handshake::Never);
    let refused = scene.post(&scene.reader, "subscriptions", subscriber.wish(scene.group)).await;
    assert_eq!(refused.1["error"]["message"], "Subscription validation request timed out.");
    assert_eq!(error(refused), (400, "InvalidRequest".into()));
    scene.end().await;
}

/// The same page: "treat the validation token value as opaque".
#[tokio::test]
async fn the_token_may_hold_any_character() {
    let (scene, subscriber) = scene_with_subscriber().await;
    let odd = "a b+c%20&d=e?f#g/h\\\"'<i>é€😀\u{1}\t;,:@$[]{}|^`~";
    let trouble = Trouble { validation_token: Some(odd.to_owned()), ..Trouble::default() };
    scene.graph.trouble(Some(scene.app), trouble);
    let (status, body) = scene.post(&scene.reader, "subscriptions", subscriber.wish(scene.group)).await;
    assert_eq!(status, 201, "{body}");
    let (path, ..) = subscriber.requests().remove(0);
    let url = Url::parse("http://any").unwrap().join(&path).unwrap();
    assert!(url.query_pairs().any(|(name, value)| name == "validationToken" && value == odd), "{path}");
    scene.end().await;
}

/// learn: graph/api/resources/subscription: each property's rule. 501 is the world's own.
#[tokio::test]
async fn what_is_wished_has_to_be_what_graph_takes() {
    let (scene, subscriber) = scene_with_subscriber().await;
    let group = scene.group;
    for (name, value, wanted) in [
        ("changeType", json!("created,updated"), 400),
        ("changeType", json!(""), 400),
        ("changeType", Value::Null, 400),
        ("resource", Value::Null, 400),
        ("resource", json!(format!("groups/{}", Uuid::new_v4())), 404),
        ("resource", json!("/users"), 501),
        ("resource", json!(format!("/groups/{group}/owners")), 501),
        ("clientState", json!("x".repeat(129)), 400),
        ("notificationUrl", json!("http://example.com/"), 400),
        ("notificationUrl", json!("nonsense"), 400),
        ("notificationUrl", Value::Null, 400),
        ("lifecycleNotificationUrl", json!("http://example.com/"), 400),
        ("expirationDateTime", Value::Null, 400),
        ("expirationDateTime", json!("tomorrow"), 400),
        ("latestSupportedTlsVersion", json!("v2"), 400),
        ("includeResourceData", json!(true), 501),
    ] {
        let mut wish = subscriber.wish(group);
        wish[name] = value.clone();
        let (status, body) = scene.post(&scene.reader, "subscriptions", wish).await;
        assert_eq!(status, wanted, "{name}: {value}: {body}");
    }
    assert_eq!(subscriber.requests(), []);
    assert_eq!(scene.oddities.list().len(), 3);
    for (name, value) in [
        ("clientState", json!("x".repeat(128))),
        ("resource", json!(format!("groups/{group}/members"))),
        ("changeType", json!("updated")),
    ] {
        let mut wish = subscriber.wish(group);
        wish[name] = value.clone();
        let (status, body) = scene.post(&scene.reader, "subscriptions", wish).await;
        assert_eq!((status, &body[name]), (201, &value), "{body}");
    }
}

/// The same page, "Subscription lifetime": 41,760 minutes at most; under 45 minutes become 45.
/// learn: graph/api/subscription-update: renewed by PATCH.
#[tokio::test]
async fn a_subscription_lives_less_than_twenty_nine_days_and_is_renewed() {
    let (scene, subscriber) = scene_with_subscriber().await;
    let at = |minutes| json!(chrono::Utc::now() + chrono::Duration::minutes(minutes));
    let left = |body: &Value| {
        let ends: chrono::DateTime<chrono::Utc> =
            body["expirationDateTime"].as_str().unwrap().parse().unwrap();
        (ends - chrono::Utc::now()).num_minutes()
    };
    let mut wish = subscriber.wish(scene.group);
    wish["expirationDateTime"] = at(41_770);
    assert_eq!(
        error(scene.post(&scene.reader, "subscriptions", wish.clone()).await),
        (400, "ExtensionError".into())
    );
    wish["expirationDateTime"] = at(-5);
    let (_, made) = scene.post(&scene.reader, "subscriptions", wish).await;
    assert!((43..=45).contains(&left(&made)), "{made}");
    let path = format!("subscriptions/{}", made["id"].as_str().unwrap());
    let renew = |at: Value| scene.patch(&scene.reader, &path, json!({"expirationDateTime": at}));
    let (status, body) = renew(at(41_760)).await;
    assert!(status == 200 && left(&body) >= 41_758, "{body}");
    assert_eq!(error(renew(at(41_770)).await), (400, "ExtensionError".into()));
    // learn: graph/change-notifications-lifecycle-events: the lifecycle address can not be added later
    let more = json!({"lifecycleNotificationUrl": subscriber.url("other")});
    assert_eq!(scene.patch(&scene.reader, &path, more).await.0, 501);
    let whose = sandbox::graph::Whose { app: Some(scene.app), subscription: None };
    assert_eq!(scene.graph.expire(whose, 0), 1);
    assert_eq!(error(renew(at(100)).await), (404, "ResourceNotFound".into()));
}

/// learn: graph/change-notifications-delivery-webhooks: "Duplicate subscriptions aren't allowed … 409 Conflict".
#[tokio::test]
async fn a_second_subscription_to_the_same_is_a_conflict_that_names_the_first() {
    let (scene, subscriber) = scene_with_subscriber().await;
    let made = subscriber.subscribe(&scene).await;
    let again = scene.post(&scene.reader, "subscriptions", subscriber.wish(scene.group)).await;
    let says = again.1["error"]["message"].as_str().unwrap().to_owned();
    assert!(again.0 == 409 && says.contains(made["id"].as_str().unwrap()), "{says}");
    let other = token(&scene.entra, Uuid::new_v4(), &crate::READER);
    assert_eq!(scene.post(&other, "subscriptions", subscriber.wish(scene.group)).await.0, 201);
    scene.end().await;
}

/// learn: graph/change-notifications-overview: 100 subscriptions for an app and a tenant; over, 403.
#[tokio::test]
async fn an_application_has_a_hundred_subscriptions() {
    let (scene, subscriber) = scene_with_subscriber().await;
    for n in 0..=100 {
        let group = Uuid::new_v4();
        scene.directory.add_group(group, "g");
        let answer = scene.post(&scene.reader, "subscriptions", subscriber.wish(group)).await;
        if n < 100 {
            assert_eq!(answer.0, 201, "{n}");
        } else {
            assert_eq!(error(answer), (403, "ExtensionError".into()));
        }
    }
    scene.end().await;
}
