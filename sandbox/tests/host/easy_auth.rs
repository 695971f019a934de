//! Easy Auth in front of the host: who is told to the executable, and what nobody may tell (SOURCES 7).

use base64::{Engine, prelude::BASE64_STANDARD};
use sandbox::{
    certificates::Authority,
    entra::{Entra, User},
    host::EasyAuth,
    strict::Oddities,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bench, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_becomes_a_principal_and_a_forged_header_disappears() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ca = Authority::new().unwrap();
    let entra = Entra::start(&ca, Oddities::new()).await.unwrap();
    let (client_id, oid, authority) = (Uuid::new_v4(), Uuid::new_v4(), entra.authority().unwrap());
    entra.register(client_id, &authority);
    let roles = vec!["admin".to_owned()];
    let ada = User { oid, name: "Ada".into(), username: "ada@example.com".into(), roles };
    let token = |wish: Value| entra.issue(&ada, client_id, &serde_json::from_value(wish).unwrap()).unwrap();
    let tenant = entra.tenant();
    let easy_auth = Some(EasyAuth { authority, tenant, client_id });
    let bench = Bench::start(Wish { easy_auth, client: Some(ca.client().unwrap()), ..Wish::default() }).await;
    let env: Value = bench.get("api/env").await.json().await.unwrap();
    assert_eq!(env["WEBSITE_AUTH_ENABLED"], "True");

    for (wish, known) in [
        (None, false),
        (Some(json!({})), true),
        (Some(json!({"version": "1.0"})), true),
        (Some(json!({"expires_in": -3600})), false),
        (Some(json!({"audience": "https://graph.microsoft.com"})), false),
        (Some(json!({"key": "unknown"})), false),
        (Some(json!({"alg": "none"})), false),
        (Some(json!({"alg": "HS256-public-key"})), false),
    ] {
        let mut request = bench.client.get(bench.url("api/x"));
        request =
            request.header("x-ms-client-principal", "forged").header("x-ms-client-principal-id", "forged");
        if let Some(wish) = &wish {
            request = request.bearer_auth(token(wish.clone()));
        }
        let sent: Value = request.send().await.unwrap().json().await.unwrap();
        let header = |name: &str| {
            let headers = sent["headers"].as_array().unwrap();
            headers.iter().find(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned())
        };
        assert_eq!(header("authorization").is_some(), wish.is_some());
        assert_eq!(header("x-ms-client-principal-id"), known.then(|| oid.to_string()), "{wish:?}");
        let principal = header("x-ms-client-principal").map(|text| BASE64_STANDARD.decode(text).unwrap());
        assert_eq!(principal.is_some(), known, "{wish:?}");
        if let Some(principal) = principal {
            let principal: Value = serde_json::from_slice(&principal).unwrap();
            let long = "http://schemas.microsoft.com/identity/claims/objectidentifier";
            assert!(
                principal["claims"]
                    .as_array()
                    .unwrap()
                    .contains(&json!({"typ": long, "val": oid.to_string()}))
            );
        }
    }
    assert_eq!(bench.get(".auth/refresh").await.status().as_u16(), 501);
    bench.stop(&["/.auth/refresh"]).await;
    entra.stop().await;
}

/// What an answer sends the browser to, and the cookies that it sets.
fn told(answer: &reqwest::Response) -> (String, Vec<String>) {
    assert_eq!(answer.status().as_u16(), 302);
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
    let cookies = answer.headers().get_all("set-cookie").iter().map(text).collect();
    (text(&answer.headers()["location"]), cookies)
}

/// The part of a `Set-Cookie` that comes back.
fn pair(cookie: &str) -> String {
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_over_entra_is_told_by_its_cookie_and_signs_out() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ca = Authority::new().unwrap();
    let entra = Entra::start(&ca, Oddities::new()).await.unwrap();
    let (client_id, oid, authority) = (Uuid::new_v4(), Uuid::new_v4(), entra.authority().unwrap());
    entra.register(client_id, &authority);
    entra.know(User {
        oid,
        name: "Ada".into(),
        username: "Ada@example.com".into(),
        roles: vec!["admin".into()],
    });
    let tenant = entra.tenant();
    let easy_auth = Some(EasyAuth { authority, tenant, client_id });
    let client = ca.client().unwrap();
    let bench = Bench::start(Wish { easy_auth, client: Some(client.clone()), ..Wish::default() }).await;
    assert_eq!(bench.get(".auth/me").await.status().as_u16(), 401);

    let (page, cookies) = told(&bench.get(".auth/login/aad?post_login_redirect_uri=/api/x").await);
    let nonce = pair(&cookies[0]);
    let asks = client.get(&page).send().await.unwrap().text().await.unwrap();
    assert!(asks.contains("ada@example.com"), "{asks}");
    let login = |name: &'static str| client.post(&page).form(&[("login", name)]).send();
    let unknown = login("<eve>").await.unwrap().text().await.unwrap();
    assert!(unknown.contains("Nobody here is called '&lt;eve>'"), "{unknown}");
    let (callback, _) = told(&login(" ada@example.com ").await.unwrap());
    let back = |cookie: String| client.get(&callback).header("cookie", cookie).send();
    // another browser, which was made to follow the link: signed in as somebody else it would give its work away
    assert_eq!(back("Nonce=other".into()).await.unwrap().status().as_u16(), 401);
    let (to, cookies) = told(&back(nonce.clone()).await.unwrap());
    assert_eq!(to, "/api/x");
    assert!(cookies[0].ends_with("; path=/; secure; HttpOnly; SameSite=None"), "{cookies:?}");
    assert_eq!(pair(&cookies[1]), "Nonce=deleted");
    let session = pair(&cookies[0]);
    assert!(session.starts_with("AppServiceAuthSession="), "{session}");
    assert_eq!(back(nonce).await.unwrap().status().as_u16(), 401, "a code counts once");

    for (cookie, known) in [(&session, true), (&session.replace('.', "-"), false), (&"x=y".to_owned(), false)]
    {
        let asked = bench.client.get(bench.url("api/x")).header("cookie", cookie);
        let sent: Value = asked.send().await.unwrap().json().await.unwrap();
        let headers = sent["headers"].as_array().unwrap();
        assert_eq!(headers.contains(&json!(["x-ms-client-principal-id", oid])), known);
        assert_eq!(headers.iter().any(|pair| pair[0] == "x-ms-client-principal"), known);
    }
    let me = bench.client.get(bench.url(".auth/me")).header("cookie", &session);
    let me: Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!(me[0]["user_id"], "Ada@example.com");

    let (out, cookies) = told(&bench.get(".auth/logout?post_logout_redirect_uri=/").await);
    assert_eq!(pair(&cookies[0]), "AppServiceAuthSession=deleted");
    let (home, _) = told(&client.get(&out).send().await.unwrap());
    assert_eq!(home, bench.url(""));
    // who leads people elsewhere is not understood
    for path in [
        "login/aad?post_login_redirect_uri=//evil.example",
        "logout?post_logout_redirect_uri=https://evil.example",
    ] {
        assert_eq!(bench.get(&format!(".auth/{path}")).await.status().as_u16(), 501, "{path}");
    }
    bench.stop(&["/.auth/login/aad", "/.auth/logout"]).await;
    entra.stop().await;
}
