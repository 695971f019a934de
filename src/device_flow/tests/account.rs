//! Whose account a token opens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::domain::sign_in::Account;

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const ADA: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

fn token(provider: Provider, id_token: Option<&str>) -> Token {
    Token {
        provider,
        access: Secret::from("gho_x"),
        refresh: None,
        id_token: id_token.map(|claims| Secret::from(&*format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)))),
    }
}

#[tokio::test]
async fn github_is_asked_with_the_token() {
    let rows = [
        (body(200, r#"{"login":"octocat","id":583231,"type":"User"}"#), "octocat"),
        (body(401, r#"{"message":"Bad credentials","status":"401"}"#), "refused"),
        (body(200, r#"{"login":"<b>","id":1}"#), "unavailable"),
        (body(200, r#"{"login":"octocat"}"#), "unavailable"),
        ((403, "retry-after: 60\r\n", "x".into()), "unavailable"),
        ((0, "", String::new()), "unavailable"),
    ];
    for (answer, expected) in rows {
        let said = format!("{answer:?}");
        let script = Script::new(vec![answer]).await;
        let got = match script.flow.account(&token(Provider::GitHub, None)).await {
            Ok(Account::GitHub { id: 583_231, login }) => login,
            Ok(other) => panic!("{other:?}"),
            Err(Error::Refused { .. }) => "refused".into(),
            Err(Error::Unavailable { .. }) => "unavailable".into(),
        };
        assert_eq!(got, expected, "{said}");
        let asked = &script.asked()[0];
        assert_eq!(asked.line, "GET /api/user");
        assert!(asked.headers.contains(&"authorization: bearer gho_x".to_owned()), "{asked:?}");
        assert!(asked.headers.contains(&"user-agent: dcaas".to_owned()), "GitHub wants a name: {asked:?}");
    }
}

#[tokio::test]
async fn microsoft_has_said_it_beside_the_token() {
    let script = Script::new(vec![]).await;
    let good = format!(
        r#"{{"tid":"{TENANT}","oid":"{}","preferred_username":"ada@example.com"}}"#,
        ADA.to_uppercase()
    );
    let account = script.flow.account(&token(Provider::Microsoft, Some(&good))).await.unwrap();
    assert_eq!(account, Account::Microsoft { tenant: TENANT.into(), oid: ADA.into() });
    for claims in [None, Some("{}"), Some("no JSON"), Some(r#"{"tid":"x","oid":"y"}"#)] {
        let error = script.flow.account(&token(Provider::Microsoft, claims)).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }
}
