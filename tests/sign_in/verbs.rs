//! The world's verbs for sign-ins, and its settings: what tests and people at a terminal rely on.

use dcaas::{device_flow::Error, domain::sign_in::Provider};

use super::*;
use crate::world::{Person, client, facts};

/// A verb that is refused: its status and what it says.
async fn refused(path: &str, body: Value) -> (u16, String) {
    let url = format!("{}{path}", facts()["control"].as_str().unwrap().trim_end_matches('/'));
    let answer = client().post(url).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn codes_are_listed_without_what_is_secret() {
    Installation::own(json!({}), async |dcaas| {
        let client = device_flow(&dcaas);
        let ada = dcaas.person().await;
        for provider in Provider::ALL {
            let flow = client.begin(provider, Utc::now()).await.unwrap();
            let seen = told(&flow).await;
            assert_eq!(seen["provider"], provider.word());
            assert_eq!(seen["installation"], dcaas.name);
            assert!(!seen.to_string().contains(flow.device_code.reveal()), "{seen}");
            let code = flow.pending.user_code.reveal();
            person(&flow, "approve", json!({ "as": ada.name })).await;
            let (status, says) = refused(&format!("/sign-ins/{code}/decline"), json!({})).await;
            assert!(status == 409 && says.contains("approved"), "{says}");
        }
        let (status, says) = refused("/sign-ins/QQQQ-QQQQ/approve", json!({})).await;
        assert_eq!(status, 404, "{says}");
        let flow = client.begin(Provider::Microsoft, Utc::now()).await.unwrap();
        let code = flow.pending.user_code.reveal();
        let (status, says) = refused(&format!("/sign-ins/{code}/approve"), json!({})).await;
        assert!(status == 400 && says.contains("--as"), "{says}");
    })
    .await;
}

#[tokio::test]
async fn a_token_counts_until_it_is_revoked() {
    let dcaas = Installation::first().await;
    let flows = device_flow(&dcaas);
    for provider in Provider::ALL {
        let ada = Person::new().await;
        let flow = flows.begin(provider, Utc::now()).await.unwrap();
        person(&flow, "approve", json!({ "as": ada.name })).await;
        let Outcome::Token(token) = flows.poll(&flow).await else { panic!("{provider}: no token") };
        let told = json!({ "token": token.access.reveal() });
        let whose = control("POST", "/sign-ins/whose", told.clone()).await;
        assert_eq!(whose, json!({ "provider": provider.word(), "account": ada.name }));
        let revoked = control("POST", "/sign-ins/revoke", json!({ "as": ada.name })).await;
        assert!(revoked["count"].as_u64().unwrap() >= 1, "{revoked}");
        assert_eq!(refused("/sign-ins/whose", told).await.0, 404, "{provider}");
        if provider == Provider::GitHub {
            assert!(matches!(flows.account(&token).await, Err(Error::Refused { .. })));
        }
    }
    // what tests put in place without signing in is good too, until somebody revokes it
    let ben = Person::new().await;
    let old = json!({ "token": format!("gho_{}", ben.name) });
    assert_eq!(control("POST", "/sign-ins/whose", old.clone()).await["account"], ben.name);
    control("POST", "/sign-ins/revoke", old.clone()).await;
    assert_eq!(refused("/sign-ins/whose", old).await.0, 404);
}
