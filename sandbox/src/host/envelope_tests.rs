//! The envelope: both encodings, what leaks, and what an answer means (SOURCES 3.1 to 3.3).

use super::*;

fn facts() -> Facts {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    Facts {
        id: Some("800ae4b3-bdd2-4c08-badd-f08e5a34b865".into()),
        pop_receipt: Some("AgAAAAMAAAAAAAAAAgtnj8x+1QE=".into()),
        dequeue_count: 1,
        inserted: at("2026-10-01T12:00:00.7Z"),
        expires: Some(at("2026-10-08T12:00:00Z")),
        visible: Some(at("2026-10-01T12:10:00Z")),
    }
}

#[test]
fn a_text_message_is_encoded_twice() {
    let (value, metadata) = queue(b"hello", Some("hello"), &facts());
    let body = request("ingest", "msg", value, metadata);
    assert_eq!(body["Data"], json!({"msg": "\"hello\""}));
    assert_eq!(body["Metadata"]["DequeueCount"], "1");
    assert_eq!(body["Metadata"]["Id"], "\"800ae4b3-bdd2-4c08-badd-f08e5a34b865\"");
    assert_eq!(body["Metadata"]["PopReceipt"], "\"AgAAAAMAAAAAAAAAAgtnj8x+1QE=\"");
    assert_eq!(body["Metadata"]["InsertionTime"], "2026-10-01T12:00:00+00:00");
    assert_eq!(body["Metadata"]["ExpirationTime"], "2026-10-08T12:00:00+00:00");
    assert_eq!(body["Metadata"]["NextVisibleTime"], "2026-10-01T12:10:00+00:00");
    assert_eq!(body["Metadata"]["sys"]["MethodName"], "ingest");
}

#[test]
fn the_fields_of_a_json_message_leak_over_the_hosts_own() {
    let text = r#"{"job":"abc-1","n":5,"ok":true,"opts":{"a":1},"tags":["x"],"id":"client-id","aTrigger":1,"none":null}"#;
    let (value, metadata) = queue(text.as_bytes(), Some(text), &facts());
    let body = request("ingest", "msg", value, metadata);
    assert_eq!(body["Data"]["msg"], serde_json::to_string(text).unwrap());
    let metadata = body["Metadata"].as_object().unwrap();
    for (key, wanted) in [
        ("Id", json!("\"client-id\"")),
        ("job", json!("\"abc-1\"")),
        ("n", json!("\"5\"")),
        ("ok", json!("\"True\"")),
        ("opts", json!({"a": 1})),
    ] {
        assert_eq!(metadata[key], wanted, "{key}");
    }
    assert!(["tags", "id", "aTrigger", "none"].iter().all(|key| !metadata.contains_key(*key)));
}

#[test]
fn a_binary_message_is_base64_once_and_leaks_nothing() {
    let (value, metadata) = queue(br#"{"id":"x"}"#, None, &facts());
    assert_eq!(value, json!("eyJpZCI6IngifQ=="));
    assert_eq!(metadata["Id"], "\"800ae4b3-bdd2-4c08-badd-f08e5a34b865\"");
}

#[test]
fn a_timer_is_nested_objects() {
    assert_eq!(
        timer(None, false),
        json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false})
    );
    let status = Status { last: NEVER_RAN.into(), next: "n".into(), updated: "u".into() };
    assert_eq!(timer(Some(&status), true)["ScheduleStatus"]["LastUpdated"], "u");
}

#[test]
fn an_answer_is_done_failed_or_never_ends() {
    let done = |logs: &[&str], outputs| Outcome::Done {
        logs: logs.iter().map(|l| (*l).to_owned()).collect(),
        outputs,
    };
    let json = Some("application/json; charset=utf-8");
    assert_eq!(judge(200, json, b"{}"), done(&[], false));
    assert_eq!(
        judge(200, json, br#"{"outputs":{},"LOGS":["a"],"returnvalue":null,"other":1}"#),
        done(&["a"], false)
    );
    assert_eq!(judge(201, json, br#"{"Outputs":{"x":"y"}}"#), done(&[], true));
    for hangs in [judge(204, None, b""), judge(200, json, b""), judge(200, json, b"null")] {
        assert_eq!(hangs, Outcome::Hangs);
    }
    for failed in [
        judge(500, json, b"{}"),
        judge(404, json, b"{}"),
        judge(302, json, b"{}"),
        judge(200, None, b"{}"),
        judge(200, Some("text/plain"), b"{}"),
        judge(200, json, b"[]"),
        judge(200, json, b"{"),
    ] {
        assert!(matches!(failed, Outcome::Failed(_)), "{failed:?}");
    }
}
