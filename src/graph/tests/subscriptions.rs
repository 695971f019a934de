//! The subscription: made, found again, told right from wrong, renewed, lost and ended.

use serde_json::{Value, json};

use super::*;

fn until() -> chrono::DateTime<chrono::Utc> {
    "2026-12-20T12:00:00.7Z".parse().unwrap()
}

/// A subscription as Graph shows it, with differences.
fn shown(difference: Value) -> Value {
    let mut all = json!({
        "id": "5522bd62-7c96-4530-85b0-00b916a5be5c",
        "resource": format!("/groups/{GROUP}"),
        "applicationId": "33333333-3333-3333-3333-333333333333",
        "changeType": "updated,deleted",
        "clientState": null,
        "notificationUrl": "https://dcaas.example/api/membership",
        "lifecycleNotificationUrl": "https://dcaas.example/api/membership",
        "expirationDateTime": "2026-12-20T12:00:00Z",
        "notificationContentType": "application/json",
    });
    all.as_object_mut().unwrap().extend(difference.as_object().unwrap().clone());
    all
}

#[tokio::test]
async fn it_is_made_as_the_settings_say() {
    let script = Script::new(vec![(201, "", shown(json!({})).to_string())]).await;
    let made = script.graph.create(until()).await.unwrap();
    assert!(made.fits && made.id.starts_with("5522"), "{made:?}");
    let asked = script.asked();
    let body: Value =
        serde_json::from_str(asked[0].strip_prefix("POST /v1.0/subscriptions ").unwrap()).unwrap();
    let expected = json!({
        "changeType": "updated,deleted",
        "notificationUrl": "https://dcaas.example/api/membership",
        "lifecycleNotificationUrl": "https://dcaas.example/api/membership",
        "resource": format!("/groups/{GROUP}"),
        "expirationDateTime": "2026-12-20T12:00:00Z",
        "clientState": "the-secret-of-this-installation-1",
        "latestSupportedTlsVersion": "v1_2",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn ours_are_found_and_those_that_do_not_fit_are_told_apart() {
    // the difference; whether it is ours to look after, and if so whether it fits
    let rows = [
        (json!({}), Some(true)),
        (json!({ "resource": format!("Groups/{}", GROUP.to_uppercase()) }), Some(true)),
        (json!({ "changeType": "deleted,updated" }), Some(true)),
        (json!({ "clientState": "the-secret-of-this-installation-1" }), Some(true)),
        (json!({ "clientState": "an-older-secret" }), Some(false)),
        (json!({ "changeType": "updated" }), Some(false)),
        (json!({ "resource": format!("/groups/{GROUP}/members") }), Some(false)),
        (json!({ "resource": format!("/groups/{ADA}") }), Some(false)),
        (json!({ "notificationUrl": "https://older.example/api/membership" }), Some(false)),
        (json!({ "lifecycleNotificationUrl": null }), Some(false)),
        (json!({ "resource": "/users", "notificationUrl": "https://other.example/" }), None),
    ];
    for (difference, expected) in rows {
        let page = json!({ "value": [], "@odata.nextLink": "{url}/v1.0/subscriptions?$skiptoken=1" });
        let last = json!({ "value": [shown(difference.clone())] });
        let script = Script::new(vec![ok(page.to_string()), ok(last.to_string())]).await;
        let found = script.graph.find().await.unwrap();
        assert_eq!(found.first().map(|s| s.fits), expected, "{difference}");
        assert_eq!(script.asked()[0], "GET /v1.0/subscriptions");
    }
}

#[tokio::test]
async fn it_is_renewed_reauthorized_and_ended_and_its_loss_is_no_error() {
    let lost = || refusal(404, "ResourceNotFound");
    let script = Script::new(vec![ok(shown(json!({})).to_string()), lost()]).await;
    let renewed = script.graph.renew("s", until()).await.unwrap().unwrap();
    assert_eq!(renewed.expires.to_rfc3339(), "2026-12-20T12:00:00+00:00");
    assert!(script.graph.renew("s", until()).await.unwrap().is_none());
    let patch = r#"PATCH /v1.0/subscriptions/s {"expirationDateTime":"2026-12-20T12:00:00Z"}"#;
    assert_eq!(script.asked(), [patch, patch]);

    let script = Script::new(vec![(204, "", String::new()), lost()]).await;
    assert!(script.graph.reauthorize("s").await.unwrap());
    assert!(!script.graph.reauthorize("s").await.unwrap());
    assert_eq!(script.asked()[0], "POST /v1.0/subscriptions/s/reauthorize");

    let script = Script::new(vec![(204, "", String::new()), lost(), refusal(403, "ExtensionError")]).await;
    script.graph.delete("s").await.unwrap();
    script.graph.delete("s").await.unwrap();
    assert!(script.graph.delete("s").await.is_err());
    assert_eq!(script.asked()[0], "DELETE /v1.0/subscriptions/s");
}
