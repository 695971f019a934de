//! Bearer tokens: the good forms of Entra's count, and no forged one does.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{all_refuse, no_secret_in_the_log, wishes};
use crate::world::{Installation, Person, Token};

/// What is wrong with a token that the world issues.
fn differences(client_id: &str) -> Vec<(&'static str, Value)> {
    let other = Uuid::new_v4();
    vec![
        ("expired", json!({ "expires_in": -600 })),
        ("not yet valid", json!({ "not_before_in": 600 })),
        ("without an end", json!({ "claims": { "exp": null } })),
        ("for another application", json!({ "audience": other })),
        ("for Graph", json!({ "audience": "00000003-0000-0000-c000-000000000000" })),
        ("for another application's URI", json!({ "audience": format!("api://{other}") })),
        ("for a URI that begins as ours", json!({ "audience": format!("api://{client_id}/x") })),
        ("without an audience", json!({ "claims": { "aud": null } })),
        ("of another tenant, v2", json!({ "tenant": other })),
        ("of another tenant, v1", json!({ "tenant": other, "version": "1.0" })),
        ("of another tenant, by tid alone", json!({ "claims": { "tid": other } })),
        (
            "of another tenant, by issuer alone",
            json!({ "issuer": format!("https://sts.windows.net/{other}/") }),
        ),
        ("without a tenant", json!({ "claims": { "tid": null } })),
        ("without an issuer", json!({ "claims": { "iss": null } })),
        ("by an unknown key", json!({ "key": "unknown" })),
        ("by an unknown key under a known id", json!({ "key": "impostor" })),
        ("not signed", json!({ "alg": "none" })),
        ("signed by HS256 with the public key", json!({ "alg": "HS256-public-key" })),
        ("of nobody", json!({ "claims": { "oid": null } })),
        ("of somebody who is no object id", json!({ "claims": { "oid": "ada" } })),
    ]
}

/// The token with other claims under the old signature.
fn tampered(token: &Token, change: impl Fn(&mut Value)) -> Token {
    let parts: Vec<&str> = token.0.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    change(&mut claims);
    Token(format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]))
}

#[tokio::test]
async fn a_token_that_does_not_count_opens_nothing_and_teaches_nothing() {
    let dcaas = Installation::new(json!({})).await;
    let ada = dcaas.member().await;
    let good = ada.token().await;
    let mut tokens = Vec::new();
    for (what, difference) in differences(dcaas.facts["client_id"].as_str().unwrap()) {
        tokens.push((what, ada.token_with(difference).await));
    }
    let (head, rest) = good.0.split_once('.').unwrap();
    tokens.extend([
        ("made an admin's", tampered(&good, |claims| claims["roles"] = json!(["admin"]))),
        ("made another's", tampered(&good, |claims| claims["oid"] = json!(Uuid::new_v4()))),
        ("cut", Token(good.0[..good.0.len() - 8].to_owned())),
        ("two parts", Token(format!("{head}.{}", rest.split_once('.').unwrap().0))),
        ("garbage", Token("garbage".into())),
        ("garbage in three parts", Token("a.b.c".into())),
        ("very long", Token("a".repeat(8000))),
    ]);

    let before = wishes(&ada).await;
    dcaas.reset_gate().await;
    let mut texts = std::collections::BTreeSet::new();
    for (what, token) in &tokens {
        for (path, answer) in dcaas.everywhere(|request| request.bearer_auth(&token.0)).await {
            answer.refuses(401, "bad-token", &format!("{what} at {path}"));
            texts.insert(answer.text);
        }
    }
    assert_eq!(texts.len(), 1, "which check failed is for the log alone: {texts:?}");
    let asked = dcaas.requests("kubernetes").await;
    assert!(asked.is_empty(), "nobody asked the cluster for them: {asked:?}");
    assert_eq!(wishes(&ada).await, before);
    // a forger who names unknown keys does not make us ask Entra again and again
    let fetched = dcaas.requests("entra").await;
    assert!(fetched.len() <= 2, "{fetched:?}");

    assert_eq!(dcaas.get(&good, "/api/status").await.status, 200);
    let mut used: Vec<&Token> = tokens.iter().map(|(_, token)| token).collect();
    used.push(&good);
    no_secret_in_the_log(&dcaas, &used, &[&ada]).await;
    dcaas.remove().await;
}

#[tokio::test]
async fn whoever_shows_no_token_is_not_signed_in() {
    let dcaas = Installation::new(json!({})).await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let before = wishes(&ada).await;
    dcaas.reset_gate().await;
    let shown: [(&str, &dyn Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder); 6] = [
        ("nothing", &|request| request),
        ("a password", &|request| request.basic_auth(&ada.oid, Some(&token.0))),
        ("a token without a scheme", &|request| request.header("authorization", &token.0)),
        ("no token after the scheme", &|request| request.header("authorization", "Bearer")),
        ("a cookie", &|request| request.header("cookie", format!("AppServiceAuthSession={}", token.0))),
        ("a token in the query", &|request| request.query(&[("access_token", &token.0)])),
    ];
    for (what, show) in shown {
        all_refuse(&dcaas.everywhere(show).await, 401, "not-signed-in", what);
    }
    assert!(dcaas.requests("kubernetes").await.is_empty());
    assert_eq!(wishes(&ada).await, before);
    no_secret_in_the_log(&dcaas, &[&token], &[&ada]).await;
    dcaas.remove().await;
}

#[tokio::test]
async fn both_forms_of_a_token_count_for_both_forms_of_our_name() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let id = dcaas.facts["client_id"].as_str().unwrap();
    for version in ["1.0", "2.0"] {
        for audience in [id.to_owned(), format!("api://{id}")] {
            let token = ada.token_with(json!({ "version": version, "audience": audience })).await;
            let answer = dcaas.get(&token, "/api/status").await;
            assert_eq!(answer.status, 200, "{version} {audience}: {}", answer.text);
        }
    }
    // clocks differ a little
    for difference in [json!({ "expires_in": -60 }), json!({ "not_before_in": 60 })] {
        let token = ada.token_with(difference.clone()).await;
        assert_eq!(dcaas.get(&token, "/api/status").await.status, 200, "{difference}");
    }
    // the scheme is not a matter of case
    let token = ada.token().await;
    let request = dcaas.request("GET", "/api/status").header("authorization", format!("bEARER {}", token.0));
    assert_eq!(dcaas.send(request).await.status, 200);
}

#[tokio::test]
async fn a_token_for_one_installation_is_none_for_another() {
    let dcaas = Installation::new(json!({})).await;
    let ada = Person::new().await;
    let elsewhere = ada.token().await;
    let answers = dcaas.everywhere(|request| request.bearer_auth(&elsewhere.0)).await;
    all_refuse(&answers, 401, "bad-token", "a token for another installation");
    dcaas.remove().await;
}

#[tokio::test]
async fn when_entra_does_not_answer_nobody_gets_in_and_it_is_said() {
    let dcaas = Installation::new(json!({})).await;
    let stranger = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
    let token = stranger.token().await;
    dcaas.fault(json!({ "party": "entra", "times": null, "fault": { "status": 503 } })).await;
    let answer = dcaas.get(&token, "/api/status").await;
    answer.refuses(503, "entra-unavailable", "Entra answers 503");
    assert!(answer.headers.contains_key("retry-after"));
    dcaas.clear_faults().await;
    dcaas.get(&token, "/api/status").await.refuses(403, "not-a-member", "Entra answers again");
    dcaas.remove().await;
}
