//! One poll: GitHub's errors with status 200, Microsoft's with 400, tokens, and a provider that is not well.

use super::*;

#[tokio::test]
async fn a_poll_is_one_request_with_the_code_and_the_grant() {
    let script = Script::new(vec![
        error(Provider::GitHub, "authorization_pending"),
        error(Provider::Microsoft, "authorization_pending"),
    ])
    .await;
    for provider in Provider::ALL {
        let Outcome::NoToken(NoToken::Waiting) = script.poll(provider).await else { panic!("{provider}") };
    }
    let grant =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=the-device-code";
    let asked = script.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].line, "POST /github/login/oauth/access_token");
    assert_eq!(asked[0].body, format!("client_id=01ab8ac9400c4e429b23&{grant}"));
    assert_eq!(asked[1].line, "POST /microsoft/organizations/oauth2/v2.0/token");
    assert_eq!(asked[1].body, format!("client_id=aebc6443-996d-45c2-90f0-388ff96faa56&{grant}"));
}

#[tokio::test]
async fn every_error_of_either_provider_has_its_meaning() {
    use NoToken::{Declined, Expired, Refused, SlowDown, Unavailable, UnknownCode, Waiting};
    let refused = |why: &str| Refused { why: why.into() };
    let rows = [
        ("authorization_pending", Waiting, Waiting),
        ("slow_down", SlowDown { interval: None }, SlowDown { interval: None }),
        ("access_denied", Declined, Declined),
        ("authorization_declined", Declined, Declined),
        ("expired_token", Expired, Expired),
        ("token_expired", Expired, Expired),
        ("incorrect_device_code", UnknownCode, UnknownCode),
        ("bad_verification_code", UnknownCode, UnknownCode),
        ("temporarily_unavailable", Unavailable { wait: None }, Unavailable { wait: None }),
        ("device_flow_disabled", refused("device_flow_disabled"), refused("device_flow_disabled [53003]")),
        (
            "incorrect_client_credentials",
            refused("incorrect_client_credentials"),
            refused("incorrect_client_credentials [53003]"),
        ),
        (
            "unsupported_grant_type",
            refused("unsupported_grant_type"),
            refused("unsupported_grant_type [53003]"),
        ),
        ("invalid_grant", refused("invalid_grant"), refused("invalid_grant [53003]")),
        ("interaction_required", refused("interaction_required"), refused("interaction_required [53003]")),
        ("a_word_of_tomorrow", refused("a_word_of_tomorrow"), refused("a_word_of_tomorrow [53003]")),
    ];
    for (word, github, microsoft) in rows {
        for (provider, expected) in [(Provider::GitHub, github), (Provider::Microsoft, microsoft)] {
            let script = Script::new(vec![error(provider, word)]).await;
            let Outcome::NoToken(got) = script.poll(provider).await else {
                panic!("{provider} {word}: a token")
            };
            assert_eq!(got, expected, "{provider} {word}");
        }
    }
}

#[tokio::test]
async fn the_interval_of_slow_down_is_read() {
    for (interval, expected) in [("10", Some(10)), ("100000", Some(300)), ("null", None)] {
        let answer = format!(r#"{{"error":"slow_down","error_description":"x","interval":{interval}}}"#);
        let script = Script::new(vec![body(200, answer)]).await;
        let Outcome::NoToken(NoToken::SlowDown { interval: got }) = script.poll(Provider::GitHub).await
        else {
            panic!("{interval}")
        };
        assert_eq!(got, expected.map(Duration::from_secs), "{interval}");
    }
}

#[tokio::test]
async fn a_token_is_handed_on_and_not_printed() {
    let github = r#"{"access_token":"gho_16C7e42F292c6912E7710c838347Ae178B4a","token_type":"bearer","scope":"read:org,read:user"}"#;
    let microsoft = r#"{"token_type":"Bearer","scope":"x","expires_in":3599,"access_token":"eyJ0.eyJ.x","refresh_token":"1.AXoA","id_token":"eyJ0.e30.x"}"#;
    for (provider, answer, access, refresh) in [
        (Provider::GitHub, github, "gho_16C7e42F292c6912E7710c838347Ae178B4a", None),
        (Provider::Microsoft, microsoft, "eyJ0.eyJ.x", Some("1.AXoA")),
    ] {
        let script = Script::new(vec![body(200, answer)]).await;
        let outcome = script.poll(provider).await;
        let printed = format!("{outcome:?}");
        assert!(
            !printed.contains("gho_") && !printed.contains("eyJ") && !printed.contains("AXoA"),
            "{printed}"
        );
        let Outcome::Token(token) = outcome else { panic!("{provider}") };
        assert_eq!((token.provider, token.access.reveal()), (provider, access));
        assert_eq!(token.refresh.as_ref().map(Secret::reveal), refresh);
    }
}

#[tokio::test]
async fn a_provider_that_is_not_well_is_left_in_peace() {
    let wait = |seconds| Some(Duration::from_secs(seconds));
    let rows = [
        ("down", body(500, ""), None),
        ("down, and says for how long", (503, "retry-after: 120\r\n", "<html>".into()), wait(120)),
        ("busy", (429, "retry-after: 7\r\n", String::new()), wait(7)),
        ("busy until a date", (429, "retry-after: Fri, 31 Dec 2027 23:59:59 GMT\r\n", String::new()), None),
        ("down, in good words", body(502, r#"{"error":"expired_token"}"#), None),
        ("cut", (0, "", String::new()), None),
        (
            "a redirect",
            (302, "location: https://elsewhere.example/\r\n", r#"{"access_token":"x"}"#.into()),
            None,
        ),
        ("a page", body(200, "<html>"), None),
        ("a form", body(200, "access_token=gho_x&token_type=bearer"), None),
        ("nothing", body(200, ""), None),
        ("no object", body(200, "null"), None),
        ("an object of something else", body(200, r#"{"ok":true}"#), None),
        ("an error that is none", body(200, r#"{"error":7}"#), None),
        ("an empty token", body(200, r#"{"access_token":""}"#), None),
        ("a token with a line end", body(200, r#"{"access_token":"gho_\nx"}"#), None),
        ("a token with a bad status", body(404, r#"{"access_token":"gho_x"}"#), None),
        ("endless", body(200, "x".repeat(70_000)), None),
    ];
    for (what, answer, expected) in rows {
        let script = Script::new(vec![answer]).await;
        let outcome = script.poll(Provider::GitHub).await;
        let Outcome::NoToken(NoToken::Unavailable { wait }) = outcome else { panic!("{what}: {outcome:?}") };
        assert_eq!(wait, expected, "{what}");
        assert_eq!(script.asked().len(), 1, "{what}: one request, no second try");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_at_all_is_unavailable() {
    let script = Script::new(vec![]).await;
    // the listener goes with its task, as it has no answer to give
    let outcome = script.poll(Provider::GitHub).await;
    assert!(matches!(outcome, Outcome::NoToken(NoToken::Unavailable { wait: None })), "{outcome:?}");
}
