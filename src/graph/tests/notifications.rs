//! Every shape of a notification that was seen or is documented, and hostile ones.

use serde_json::{Value, json};

use super::*;
use crate::{
    api::message::Message,
    graph::notifications::{Batch, Expected, read as read_batch},
};

const SECRET: &str = "the-secret-of-this-installation-1";
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLUB: &str = "9e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

/// A notification as Graph sends it, with differences; null takes a field away.
fn item(difference: Value) -> Value {
    let mut all = json!({
        "subscriptionId": "5522bd62-7c96-4530-85b0-00b916a5be5c",
        "subscriptionExpirationDateTime": "2026-12-20T12:00:00Z",
        "clientState": SECRET,
        "changeType": "updated",
        "resource": format!("Groups/{GROUP}"),
        "tenantId": TENANT,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Group",
            "@odata.id": format!("Groups/{GROUP}"),
            "id": GROUP,
            "organizationId": TENANT,
            "eventTime": "2026-11-22T01:47:00.2455823Z",
            "sequenceNumber": 636_784_480_202_455_800_u64,
        },
    });
    let map = all.as_object_mut().unwrap();
    map.extend(difference.as_object().unwrap().clone());
    map.retain(|_, value| !value.is_null());
    all
}

/// A notification with that `members@delta`.
fn delta(entries: Value) -> Value {
    item(json!({ "resourceData": {
        "@odata.type": "#Microsoft.Graph.Group", "id": GROUP, "members@delta": entries
    } }))
}

fn told(body: &str) -> Batch {
    read_batch(body.as_bytes(), Expected { client_state: SECRET, tenant: TENANT })
}

fn batch(items: &[Value]) -> Batch {
    told(&json!({ "value": items }).to_string())
}

/// Messages in short: the person's first digit, or `G`.
fn short(messages: &[Message]) -> String {
    let one = |message: &Message| match message {
        Message::Member { member, after: 0, flow: None } => member.to_string()[..1].to_owned(),
        Message::Group => "G".to_owned(),
        other => format!("{other:?}"),
    };
    messages.iter().map(one).collect()
}

#[test]
fn a_notification_names_people_or_is_about_the_group() {
    let user = |id: &str| json!({ "@odata.type": "#microsoft.graph.user", "id": id });
    let removed =
        json!({ "@odata.type": "#microsoft.graph.user", "id": BEN, "@removed": { "reason": "deleted" } });
    // how many of its parts are odd
    let rows = [
        // as seen in 2018: no word about members
        (item(json!({})), "G", 0),
        (delta(json!([user(ADA)])), "6", 0),
        (delta(json!([removed])), "7", 0),
        (delta(json!([user(ADA), removed, user(ADA)])), "67", 0),
        (delta(json!([{ "@odata.type": "#Microsoft.Graph.User", "id": ADA }])), "6", 0),
        (delta(json!([{ "id": ADA.to_uppercase() }])), "6", 0),
        // a nested group, a device, an application: no people, so the group is looked at
        (delta(json!([{ "@odata.type": "#microsoft.graph.group", "id": CLUB }])), "G", 0),
        (delta(json!([{ "@odata.type": "#microsoft.graph.device", "id": CLUB }, user(ADA)])), "G6", 0),
        (delta(json!([{ "@odata.type": "#microsoft.graph.servicePrincipal", "id": CLUB }])), "G", 0),
        (delta(json!([])), "G", 0),
        (delta(json!(null)), "G", 0),
        (delta(json!("all")), "G", 1),
        (delta(json!([{ "@odata.type": "#microsoft.graph.user" }])), "G", 1),
        (delta(json!([{ "id": "ada" }, 7, null, user(BEN)])), "G7", 3),
        (item(json!({ "resourceData": null })), "G", 0),
        (item(json!({ "resourceData": "none" })), "G", 0),
        (item(json!({ "resource": null, "resourceData": null, "subscriptionId": null })), "G", 0),
        (item(json!({ "tenantId": null })), "G", 0),
        (item(json!({ "tenantId": TENANT.to_uppercase() })), "G", 0),
        (item(json!({ "changeType": "Updated" })), "G", 0),
        (item(json!({ "changeType": "deleted" })), "G", 0),
        (item(json!({ "changeType": "created" })), "G", 1),
        (item(json!({ "changeType": null })), "G", 1),
        // lifecycle, which has no change type
        (item(json!({ "changeType": null, "lifecycleEvent": "reauthorizationRequired" })), "G", 0),
        (item(json!({ "changeType": null, "lifecycleEvent": "subscriptionRemoved" })), "G", 0),
        (item(json!({ "changeType": null, "lifecycleEvent": "missed" })), "G", 0),
        (item(json!({ "changeType": null, "lifecycleEvent": "somethingNew" })), "G", 1),
    ];
    for (notification, expected, odd) in rows {
        let batch = batch(std::slice::from_ref(&notification));
        assert_eq!(short(&batch.messages), expected, "{notification}");
        assert_eq!((batch.odd.len(), batch.forged), (odd, 0), "{notification}: {:?}", batch.odd);
    }
}

#[test]
fn everybody_in_a_batch_is_looked_at_once_and_every_notification_has_to_be_genuine() {
    let of = |id: &str| delta(json!([{ "@odata.type": "#microsoft.graph.user", "id": id }]));
    let mut forged = of(CLUB);
    forged["clientState"] = "the-secret-of-this-installation-2".into();
    let batch = batch(&[of(ADA), forged, item(json!({})), of(BEN), of(ADA), item(json!({}))]);
    assert_eq!((short(&batch.messages).as_str(), batch.forged), ("6G7", 1));
}

#[test]
fn a_forged_one_comes_to_nothing() {
    let rows = [
        json!({ "clientState": null }),
        json!({ "clientState": "" }),
        json!({ "clientState": SECRET[1..] }),
        json!({ "clientState": format!("{SECRET} ") }),
        json!({ "clientState": SECRET.to_uppercase() }),
        json!({ "clientState": [SECRET] }),
        json!({ "clientState": true }),
        json!({ "tenantId": "22222222-2222-2222-2222-222222222222" }),
        json!({ "tenantId": "" }),
        json!({ "tenantId": [TENANT] }),
        json!({ "clientState": null, "changeType": null, "lifecycleEvent": "missed" }),
    ];
    for difference in rows {
        let batch = batch(&[item(difference.clone())]);
        assert_eq!((batch.messages.len(), batch.forged), (0, 1), "{difference}");
        assert!(batch.odd.is_empty(), "a forger's words are not for the log: {:?}", batch.odd);
    }
}

#[test]
fn what_is_no_batch_is_odd_and_nothing_more() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows = ["", "{", "null", "7", "\"text\"", "[]", "{}", r#"{"value":{}}"#, r#"{"value":"all"}"#, &deep];
    for body in rows {
        let batch = told(body);
        assert_eq!((batch.messages.len(), batch.forged, batch.odd.len()), (0, 0, 1), "{batch:?}");
    }
    let items = told(r#"{"value":[7,null,[],"text",{}]}"#);
    assert_eq!((items.messages.len(), items.forged, items.odd.len()), (0, 5, 0));
    assert_eq!(told(r#"{"value":[]}"#), Batch::default());
    assert_eq!(read_batch(&[0xff, 0xfe], Expected { client_state: SECRET, tenant: TENANT }).odd.len(), 1);
}

#[test]
fn the_log_gets_no_control_characters_and_not_all_of_a_long_word() {
    let event = format!("new\nline\u{1b}[31m{}", "x".repeat(500));
    let batch = batch(&[item(json!({ "lifecycleEvent": event }))]);
    assert!(batch.odd[0].len() < 120 && batch.odd[0].chars().all(|c| c.is_ascii_graphic() || c == ' '));
    assert!(!format!("{batch:?}").contains(SECRET));
}
