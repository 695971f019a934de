//! Requests that are not understood, or ask for what there is not: each is told what to do instead.

use serde_json::{Value, json};

use super::{all_refuse, no_secret_in_the_log, wishes};
use crate::world::{Installation, Person, Token, kubernetes};

#[tokio::test]
async fn a_body_that_is_not_understood_changes_nothing() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let before = wishes(&ada).await;
    let bodies: [(&str, &[&str]); 9] = [
        ("no JSON", &["profile=steady", "{", "\u{0}", "{\"profile\":\"steady\"} more"]),
        ("a list", &["[]", " [\"steady\"]", "[null, null]", "[{\"profile\":\"steady\"}]"]),
        ("a text", &["\"steady\""]),
        ("nothing", &["null"]),
        ("unknown fields", &[r#"{"gpu":1}"#, r#"{"profile":"steady","Profile":"steady"}"#]),
        ("a field of another function", &[r#"{"until":"2026-11-24T12:00:00Z"}"#]),
        ("a field twice", &[r#"{"profile":"steady","profile":"brief"}"#]),
        ("a field of another kind", &[r#"{"profile":1}"#, r#"{"image":["x"]}"#]),
        ("very deep", &[&"[".repeat(20_000)]),
    ];
    for (what, texts) in bodies {
        for text in texts {
            for path in ["/api/start", "/api/stop"] {
                let request = dcaas.request("POST", path).bearer_auth(&token.0).body((*text).to_owned());
                dcaas.send(request).await.refuses(400, "bad-request", &format!("{what} to {path}"));
            }
        }
    }
    let large = format!(r#"{{"profile":"{}"}}"#, "x".repeat(10 << 20));
    for path in ["/api/start", "/api/stop", "/api/start?member=nonsense"] {
        let request = dcaas.request("POST", path).bearer_auth(&token.0).body(large.clone());
        dcaas.send(request).await.refuses(413, "body-too-large", path);
    }
    // nor does it help to send it in pieces, or without a name
    let pieces =
        futures::stream::iter(large.into_bytes().chunks(1 << 20).map(<[u8]>::to_vec).collect::<Vec<_>>());
    let pieces = futures::StreamExt::map(pieces, Ok::<_, std::io::Error>);
    let request = dcaas.request("POST", "/api/start").body(reqwest::Body::wrap_stream(pieces));
    dcaas.send(request).await.refuses(413, "body-too-large", "in pieces");
    assert_eq!(wishes(&ada).await, before);
    no_secret_in_the_log(&dcaas, &[&token], &[&ada]).await;
}

#[tokio::test]
async fn a_parameter_is_known_and_given_once() {
    let dcaas = Installation::first().await;
    let (ada, boss) = (dcaas.member().await, Person::admin().await);
    let before = wishes(&ada).await;
    for token in [ada.token().await, boss.token().await] {
        let own = ada.oid.as_str();
        let rows: [(&str, &[(&str, &str)]); 3] = [
            ("unknown", &[("verbose", "true")]),
            ("another function's", &[("profile", "steady")]),
            ("twice", &[("member", own), ("member", own)]),
        ];
        for (what, query) in rows {
            let answers = dcaas.everywhere(|r| r.query(query).bearer_auth(&token.0)).await;
            all_refuse(&answers, 400, "bad-request", what);
        }
    }
    let token = ada.token().await;
    for query in
        ["tail=many", "tail=-1", "tail=5001", "follow=yes", "since=yesterday", "tail=1&tail=2", "follow"]
    {
        let answer = dcaas.get(&token, &format!("/api/logs?{query}")).await;
        answer.refuses(400, "bad-request", query);
    }
    // a function's key, which the host reads, is no parameter of ours
    assert_eq!(dcaas.get(&token, "/api/status?code=x").await.status, 200);
    assert_eq!(wishes(&ada).await, before);
}

#[tokio::test]
async fn a_route_or_a_method_that_there_is_not_is_the_hosts_404() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let before = wishes(&ada).await;
    let rows = [
        ("GET", "/api/start"),
        ("PUT", "/api/start"),
        ("DELETE", "/api/start"),
        ("GET", "/api/stop"),
        ("POST", "/api/status"),
        ("HEAD", "/api/status"),
        ("OPTIONS", "/api/start"),
        ("POST", "/api/logs"),
        ("POST", "/api/health"),
        ("GET", "/api"),
        ("GET", "/api/keys"),
        ("GET", "/api/status/more"),
        ("GET", "/start"),
        // the queue's function is called by the host alone
        ("POST", "/provision"),
        ("POST", "/api/provision"),
    ];
    for (method, path) in rows {
        let answer = dcaas.send(dcaas.request(method, path).bearer_auth(&token.0)).await;
        assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{method} {path}");
    }
    assert_eq!(wishes(&ada).await, before);
}

#[tokio::test]
async fn what_there_is_not_is_refused_with_what_there_is() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let before = wishes(&ada).await;
    let refused = async |token: &Token, body: Value, status: u16, code: &str, next: &str| {
        let answer = dcaas.start(token, body.clone()).await;
        answer.refuses(status, code, &body.to_string());
        let told = answer.json()["next"].as_str().unwrap().to_owned();
        assert!(told.contains(next), "{body}: {told}");
    };
    for profile in ["huge", "", "Steady", "steady "] {
        refused(&token, json!({ "profile": profile }), 400, "unknown-profile", "steady, brief").await;
    }
    for image in ["evil.example/x:1", "dcaas.example", "", "evil.example/dcaas.example/x"] {
        let body = json!({ "profile": "steady", "image": image });
        refused(&token, body, 403, "image-not-allowed", "dcaas.example/*").await;
    }
    assert_eq!(wishes(&ada).await, before);

    let annotations = json!({ "metadata": { "annotations": { "dcaas.dev/profiles": "brief" } } });
    kubernetes("PATCH", &ada.set_path(), annotations).await.unwrap();
    let before = wishes(&ada).await;
    refused(&token, json!({ "profile": "steady" }), 403, "profile-not-yours", "Choose one of: brief.").await;
    assert_eq!(wishes(&ada).await, before);
}
