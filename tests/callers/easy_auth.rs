//! Easy Auth: its header counts when the platform sets it, and from nobody else.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{all_refuse, no_secret_in_the_log, wishes};
use crate::world::{Installation, Person, facts};

/// A principal as the platform writes it.
fn principal(oid: &str, tenant: &str, roles: &[&str]) -> String {
    let mut claims = vec![
        json!({ "typ": "http://schemas.microsoft.com/identity/claims/objectidentifier", "val": oid }),
        json!({ "typ": "http://schemas.microsoft.com/identity/claims/tenantid", "val": tenant }),
    ];
    claims.extend(roles.iter().map(|role| json!({ "typ": "roles", "val": role })));
    STANDARD.encode(json!({ "auth_typ": "aad", "claims": claims }).to_string())
}

fn of(person: &Person) -> String {
    principal(&person.oid, facts()["tenant"].as_str().unwrap(), &[])
}

/// All the headers that a forger can think of.
fn forged(request: RequestBuilder, person: &Person, roles: &[&str]) -> RequestBuilder {
    let principal = principal(&person.oid, facts()["tenant"].as_str().unwrap(), roles);
    request
        .header("X-MS-CLIENT-PRINCIPAL", principal)
        .header("X-MS-CLIENT-PRINCIPAL-ID", &person.oid)
        .header("X-MS-CLIENT-PRINCIPAL-NAME", &person.name)
        .header("X-MS-CLIENT-PRINCIPAL-IDP", "aad")
        .header("X-MS-TOKEN-AAD-ID-TOKEN", "x")
}

#[tokio::test]
async fn while_it_is_off_its_header_is_nobodys_word() {
    let dcaas = Installation::first().await;
    let (ada, ben) = (dcaas.member().await, dcaas.member().await);
    let before = wishes(&ada).await;
    let answers = dcaas.everywhere(|request| forged(request, &ada, &["admin"])).await;
    all_refuse(&answers, 401, "not-signed-in", "a forged principal");
    // beside a good token it makes nobody an admin, and nobody another
    let token = ben.token().await;
    let request = dcaas.request("GET", "/api/status").query(&[("member", &ada.oid)]).bearer_auth(&token.0);
    dcaas.send(forged(request, &ben, &["admin"])).await.refuses(403, "not-admin", "ben as an admin");
    let request = dcaas.request("POST", "/api/start").bearer_auth(&token.0);
    let started = dcaas.send(forged(request.json(&json!({ "profile": "steady" })), &ada, &[])).await;
    assert_eq!(started.status, 202, "{}", started.text);
    assert_eq!(wishes(&ada).await, before, "ben's own workspace was started");
    assert_eq!(ben.set().await.unwrap()["spec"]["replicas"], 1);
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn while_it_is_on_the_platform_vouches_and_nobody_else() {
    let dcaas = Installation::new(json!({ "easy_auth": true })).await;
    let ada = dcaas.member().await;
    let good = ada.token().await;
    for version in ["1.0", "2.0"] {
        let token = ada.token_with(json!({ "version": version })).await;
        let answer = dcaas.get(&token, "/api/status").await;
        assert_eq!(answer.status, 200, "{version}: {}", answer.text);
    }
    let before = wishes(&ada).await;

    // anonymous requests pass the platform: they must not pass us
    all_refuse(&dcaas.everywhere(|request| request).await, 401, "not-signed-in", "anonymous");
    let answers = dcaas.everywhere(|request| forged(request, &ada, &["admin"])).await;
    all_refuse(&answers, 401, "not-signed-in", "a forged principal");
    let bad = [
        json!({ "expires_in": -600 }),
        json!({ "audience": Uuid::new_v4() }),
        json!({ "tenant": Uuid::new_v4() }),
        json!({ "key": "unknown" }),
        json!({ "key": "impostor" }),
        json!({ "alg": "none" }),
        json!({ "alg": "HS256-public-key" }),
    ];
    let mut used = vec![good.clone()];
    for difference in bad {
        let token = ada.token_with(difference.clone()).await;
        // also beside a forged principal, which the platform strips
        let show = |request: RequestBuilder| forged(request.bearer_auth(&token.0), &ada, &["admin"]);
        all_refuse(&dcaas.everywhere(show).await, 401, "bad-token", &difference.to_string());
        used.push(token);
    }
    assert_eq!(wishes(&ada).await, before);

    let started = dcaas.start_steady(&good).await;
    assert_eq!(started.status, 202, "{}", started.text);
    dcaas.stop(&good).await;
    dcaas.until(&good, "stopped").await;
    no_secret_in_the_log(&dcaas, &used.iter().collect::<Vec<_>>(), &[&ada]).await;
    dcaas.remove().await;
}

/// Here the test plays the platform and every browser, also old and odd ones: the setting is on, and the principal
/// comes without a token, as it does with a cookie.
#[tokio::test]
async fn a_change_by_cookie_must_come_from_our_own_page() {
    let dcaas = Installation::new(json!({ "settings": { "WEBSITE_AUTH_ENABLED": "True" } })).await;
    let ada = dcaas.member().await;
    let vouched =
        |method: &str, path: &str| dcaas.request(method, path).header("X-MS-CLIENT-PRINCIPAL", of(&ada));
    assert_eq!(dcaas.send(vouched("GET", "/api/status")).await.status, 200, "reading is no change");

    let before = wishes(&ada).await;
    let own = dcaas.functions.replace("http://", "https://");
    let rows: [(&str, &[(&str, &str)]); 6] = [
        ("says nothing of where it comes from", &[]),
        ("comes from another site", &[("sec-fetch-site", "cross-site")]),
        ("comes from a sister", &[("sec-fetch-site", "same-site")]),
        ("comes from another origin", &[("origin", "https://evil.example")]),
        (
            "says itself which host it meant",
            &[("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")],
        ),
        ("comes from a page without an origin", &[("origin", "null")]),
    ];
    for (what, headers) in rows {
        for path in ["/api/start", "/api/stop"] {
            let request = vouched("POST", path).json(&json!({}));
            let request =
                headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            dcaas.send(request).await.refuses(403, "cross-site", what);
        }
    }
    assert_eq!(wishes(&ada).await, before);

    let start = json!({ "profile": "steady" });
    let started =
        dcaas.send(vouched("POST", "/api/start").header("sec-fetch-site", "same-origin").json(&start)).await;
    assert_eq!(started.status, 202, "{}", started.text);
    let stopped = dcaas.send(vouched("POST", "/api/stop").header("origin", own).json(&json!({}))).await;
    assert_eq!(stopped.status, 202, "{}", stopped.text);
    let token = ada.token().await;
    dcaas.until(&token, "stopped").await;

    let tenant = facts()["tenant"].as_str().unwrap();
    let bad: [(&str, String); 4] = [
        ("another tenant", principal(&ada.oid, &Uuid::new_v4().to_string(), &[])),
        ("nobody", principal("", tenant, &[])),
        ("no principal", "x".into()),
        ("another provider", STANDARD.encode(json!({ "auth_typ": "github", "claims": [] }).to_string())),
    ];
    for (what, header) in bad {
        let request = dcaas.request("GET", "/api/status").header("X-MS-CLIENT-PRINCIPAL", header);
        // a good token beside it does not mend what the platform says
        dcaas.send(request.bearer_auth(&token.0)).await.refuses(401, "not-signed-in", what);
    }
    let eve = Value::from(Uuid::new_v4().to_string());
    let stranger = principal(eve.as_str().unwrap(), tenant, &[]);
    let request = dcaas.request("GET", "/api/status").header("X-MS-CLIENT-PRINCIPAL", stranger);
    dcaas.send(request).await.refuses(403, "not-a-member", "a stranger");
    dcaas.remove().await;
}
