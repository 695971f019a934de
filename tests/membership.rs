//! Graph's notifications through the host: the handshake, batches, forgers, and a queue that is down.

mod forged;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{Answer, Installation, Person, control, eventually, facts};

const SECRET: &str = "0123456789abcdef-0123456789abcdef";

/// An installation whose `provision` is not set up: its messages stay to be looked at. `membership` is, and
/// that is a test of its own: what else is faulty loses no notification.
async fn installation() -> Installation {
    Installation::new(json!({ "settings": { "CLIENT_STATE": SECRET, "PROFILES": null } })).await
}

/// A notification as Graph sends it, with differences.
fn item(difference: Value) -> Value {
    let mut all = json!({
        "subscriptionId": "5522bd62-7c96-4530-85b0-00b916a5be5c",
        "subscriptionExpirationDateTime": "2026-12-20T12:00:00Z",
        "clientState": SECRET,
        "changeType": "updated",
        "resource": "Groups/66666666-6666-6666-6666-666666666666",
        "tenantId": facts()["tenant"],
    });
    all.as_object_mut().unwrap().extend(difference.as_object().unwrap().clone());
    all
}

fn naming<S: AsRef<str>>(people: &[S]) -> Value {
    let one = |id: &S| json!({ "@odata.type": "#microsoft.graph.user", "id": id.as_ref() });
    let delta: Vec<Value> = people.iter().map(one).collect();
    item(json!({ "resourceData": { "@odata.type": "#Microsoft.Graph.Group", "members@delta": delta } }))
}

fn somebody() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn post(dcaas: &Installation, items: &[Value]) -> Answer {
    post_text(dcaas, json!({ "value": items }).to_string()).await
}

async fn post_text(dcaas: &Installation, body: String) -> Answer {
    let request = dcaas.request("POST", "/api/membership").header("content-type", "application/json");
    dcaas.send(request.body(body)).await
}

/// The messages that it put on its queue since the gate was reset.
async fn puts(dcaas: &Installation) -> usize {
    let requests = dcaas.requests("queue").await;
    let put = |request: &&String| request.starts_with("POST ") && request.contains("/members/messages");
    requests.iter().filter(put).count()
}

/// Whatever ended in the poison queue, as nobody could work it off: all messages that there were, each once.
async fn poison(dcaas: &Installation) -> BTreeSet<String> {
    let path = format!("/installations/{}/queues/members-poison", dcaas.name);
    let peeked = control("GET", &path, json!(null)).await;
    peeked.as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
}

fn accepted(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
}

#[tokio::test]
async fn the_handshake_gives_back_every_odd_character() {
    // not even a setting is needed for it
    let settings = json!({ "CLIENT_STATE": null, "QUEUE_URL": "nowhere", "TENANT_ID": null });
    let dcaas = Installation::new(json!({ "settings": settings })).await;
    let printable: String = (' '..='~').collect();
    let controls: String = ('\0'..' ').collect();
    let long = "Validation: Testing client application reachability ".repeat(60);
    let tokens = [
        "Validation: Testing client application reachability for subscription Request-Id: 4f6c",
        &printable,
        &controls,
        "a+b%2Bc%20d%00",
        "<script>alert('hello')</script>",
        "&validationToken=another&code=1#end?",
        "{\"value\":[]}",
        "žluťoučký kůň 漢字 🦀 \u{202e}",
        "",
        &long,
    ];
    for token in tokens {
        let percent: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let form = percent.replace("%20", "+");
        for encoded in [&percent, &form] {
            for query in [
                format!("validationToken={encoded}"),
                format!("code=abc&validationToken={encoded}"),
                format!("validationToken={encoded}&x=1"),
            ] {
                let request = dcaas
                    .request("POST", &format!("/api/membership?{query}"))
                    .header("content-type", "text/plain; charset=utf-8");
                let answer = dcaas.send(request).await;
                assert_eq!(answer.status, 200, "{query}");
                assert_eq!(answer.text, token, "{query}");
                assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
                assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            }
        }
    }
    let twice =
        dcaas.send(dcaas.request("POST", "/api/membership?validationToken=a&validationToken=b")).await;
    twice.refuses(400, "bad-request", "two tokens");
    let get = dcaas.send(dcaas.request("GET", "/api/membership?validationToken=a")).await;
    assert_eq!(get.status, 404, "the host knows POST alone");
    let notification = post(&dcaas, &[item(json!({}))]).await;
    notification.refuses(500, "settings", "Graph comes again, until somebody has mended this");
    dcaas.remove().await;
}

#[tokio::test]
async fn a_batch_becomes_one_message_for_each_person_and_one_for_the_group() {
    let dcaas = installation().await;
    let [ada, ben, cy, club] = [(); 4].map(|()| somebody());
    dcaas.reset_gate().await;
    let nested = item(json!({ "resourceData": { "members@delta": [
        { "@odata.type": "#microsoft.graph.group", "id": club, "@removed": { "reason": "deleted" } }
    ] } }));
    let batch = [
        naming(&[&ada, &ben, &ada]),
        naming(&[&ben]),
        item(json!({ "changeType": null, "lifecycleEvent": "reauthorizationRequired" })),
        nested,
        item(json!({})),
        naming(&[&cy]),
    ];
    accepted(&post(&dcaas, &batch).await);
    assert_eq!(puts(&dcaas).await, 4);
    let mut expected: BTreeSet<String> =
        [ada, ben, cy].iter().map(|id| format!(r#"{{"v":1,"member":"{id}","after":0}}"#)).collect();
    expected.insert(r#"{"v":1,"group":true}"#.into());
    eventually("all messages were tried", || async { (poison(&dcaas).await.len() >= 4).then_some(()) }).await;
    assert_eq!(poison(&dcaas).await, expected);
    // neither Graph nor the cluster was asked
    for party in ["graph", "kubernetes", "blob", "entra"] {
        assert_eq!(dcaas.requests(party).await, [""; 0], "{party}");
    }
    dcaas.remove().await;
}

#[tokio::test]
async fn what_is_forged_or_not_understood_is_answered_as_if_accepted_and_nothing_is_enqueued() {
    let dcaas = installation().await;
    accepted(&post(&dcaas, &[naming(&[somebody()])]).await);
    dcaas.reset_gate().await;
    let forged = |difference: Value| {
        let mut one = naming(&[somebody()]);
        one.as_object_mut().unwrap().extend(difference.as_object().unwrap().clone());
        json!({ "value": [one] }).to_string()
    };
    let rows = [
        forged(json!({ "clientState": "0123456789abcdef-0123456789abcdeg" })),
        forged(json!({ "clientState": "" })),
        forged(json!({ "clientState": null })),
        forged(json!({ "clientState": [SECRET] })),
        forged(json!({ "tenantId": "22222222-2222-2222-2222-222222222222" })),
        forged(json!({ "clientState": null, "changeType": null, "lifecycleEvent": "subscriptionRemoved" })),
        json!({ "value": [] }).to_string(),
        json!({ "value": [1, null, "x", []] }).to_string(),
        json!({ "value": item(json!({})) }).to_string(),
        json!([item(json!({}))]).to_string(),
        "{}".into(),
        "nonsense".into(),
        String::new(),
        "[".repeat(60_000),
        "\u{0}".into(),
    ];
    for body in rows {
        let answer = post_text(&dcaas, body.clone()).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, ""), "{:.200}", body);
    }
    assert_eq!(puts(&dcaas).await, 0);
    // one that is genuine passes among forgers
    let mut other = naming(&[somebody()]);
    other["clientState"] = "somebody else's".into();
    accepted(&post(&dcaas, &[other.clone(), naming(&[somebody()]), other]).await);
    assert_eq!(puts(&dcaas).await, 1);
    let log = dcaas.log().await;
    assert!(log.contains("not for us") && log.contains("not all is understood"), "both are in the log");
    assert!(!log.contains(SECRET) && !log.contains("somebody else's"), "but no secret is");
    dcaas.remove().await;
}

#[tokio::test]
async fn while_the_queue_is_down_graph_is_asked_to_come_again() {
    let dcaas = installation().await;
    let both = [naming(&[somebody(), somebody()])];
    for fault in [json!({ "status": 503 }), json!({ "status": 500 }), json!("cut"), json!("hang")] {
        dcaas.fault(json!({ "party": "queue", "method": "POST", "times": null, "fault": fault })).await;
        post(&dcaas, &both).await.refuses(503, "storage-unavailable", &fault.to_string());
        // whoever has nothing for the queue does not learn that it is down
        accepted(&post(&dcaas, &[item(json!({ "clientState": "no" }))]).await);
        dcaas.clear_faults().await;
        accepted(&post(&dcaas, &both).await);
    }
    // what passes by itself is not Graph's business
    dcaas.fault(json!({ "party": "queue", "method": "POST", "times": 1, "fault": { "status": 503 } })).await;
    accepted(&post(&dcaas, &both).await);
    dcaas.remove().await;
}

#[tokio::test]
async fn a_large_batch_is_read_and_many_people_are_the_group() {
    let dcaas = installation().await;
    let many = |n: usize| (0..n).map(|_| somebody()).collect::<Vec<_>>();
    let rows = [(100, 100), (101, 1), (5000, 1)];
    for (named, messages) in rows {
        let batch = [naming(&many(named))];
        // on a busy machine the queue may not take them all in time; Graph comes again then, and so do we
        eventually("the batch is accepted", || async {
            dcaas.reset_gate().await;
            let answer = post(&dcaas, &batch).await;
            if answer.status == 503 {
                return None;
            }
            accepted(&answer);
            Some(())
        })
        .await;
        assert_eq!(puts(&dcaas).await, messages, "{named} people");
    }
    let huge = post_text(&dcaas, " ".repeat(1024 * 1024 + 1)).await;
    huge.refuses(413, "body-too-large", "more than Graph ever sends");
    dcaas.remove().await;
}

#[tokio::test]
async fn who_is_named_has_a_workspace_soon() {
    let dcaas = Installation::new(json!({ "settings": { "CLIENT_STATE": SECRET } })).await;
    let ada = Person::made(json!({ "installation": dcaas.name })).await;
    accepted(&post(&dcaas, &[naming(&[&ada.oid])]).await);
    eventually("the member is provisioned", || ada.set()).await;
    dcaas.remove().await;
}
