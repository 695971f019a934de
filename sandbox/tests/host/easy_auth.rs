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
    assert_eq!(bench.get(".auth/me").await.status().as_u16(), 501);
    bench.stop(&["/.auth/me"]).await;
    entra.stop().await;
}
