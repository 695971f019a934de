//! Beginning a flow: what is asked, what is kept, and what is not believed.

use serde_json::json;

use super::*;
use crate::api::problem::Problem;

/// github/docs: authorizing-oauth-apps, "Step 1".
fn github() -> serde_json::Value {
    json!({
        "device_code": "3584d83530557fdd1f46af8289938c8ef79f9dc5", "user_code": "WDJB-MJHT",
        "verification_uri": "https://github.com/login/device", "expires_in": 900, "interval": 5,
    })
}

#[tokio::test]
async fn the_provider_is_asked_as_the_cli_asks_it() {
    let script = Script::new(vec![body(200, github()), body(200, github())]).await;
    for provider in Provider::ALL {
        let flow = script.flow.begin(provider, now()).await.unwrap();
        assert_eq!((flow.pending.provider, flow.pending.user_code.reveal()), (provider, "WDJB-MJHT"));
        assert_eq!(flow.device_code.reveal(), "3584d83530557fdd1f46af8289938c8ef79f9dc5");
        assert_eq!(flow.pending.expires, now() + Duration::from_secs(900));
        assert_eq!(flow.pending.next_poll, now() + Duration::from_secs(5));
        let printed = format!("{flow:?}");
        assert!(!printed.contains("3584") && !printed.contains("WDJB"), "{printed}");
    }
    let asked = script.asked();
    assert_eq!(asked[0].line, "POST /github/login/device/code");
    assert_eq!(asked[0].body, "client_id=01ab8ac9400c4e429b23&scope=read%3Auser+read%3Aorg");
    assert_eq!(asked[1].line, "POST /microsoft/organizations/oauth2/v2.0/devicecode");
    let scope = "46da2f7e-b5ef-422a-88d4-2a7f9de6a0b2%2F.default+offline_access+profile+openid";
    assert_eq!(asked[1].body, format!("client_id=aebc6443-996d-45c2-90f0-388ff96faa56&scope={scope}"));
    for request in &asked {
        assert!(request.headers.contains(&"accept: application/json".to_owned()), "{request:?}");
        assert!(request.headers.contains(&"content-type: application/x-www-form-urlencoded".to_owned()));
    }
}

#[tokio::test]
async fn what_is_missing_or_too_much_is_made_good() {
    // the interval and the seconds that a code is good for, as they are kept
    let rows = [
        (json!({"interval": null}), 5, 900),
        (json!({"interval": 0}), 1, 900),
        (json!({"interval": 86_400}), 300, 900),
        (json!({"expires_in": 1_000_000}), 5, 3600),
        (json!({"message": "about ada", "interval": 7}), 7, 900),
    ];
    for (change, interval, life) in rows {
        let mut answer = github();
        answer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let script = Script::new(vec![body(200, answer)]).await;
        let pending = script.flow.begin(Provider::Microsoft, now()).await.unwrap().pending;
        assert_eq!(
            (pending.interval.as_secs(), (pending.expires - now()).num_seconds()),
            (interval, life),
            "{change}"
        );
    }
}

#[tokio::test]
async fn what_is_no_flow_is_an_error_with_a_next_step() {
    let with = |name: &str, value: serde_json::Value| {
        let mut answer = github();
        answer[name] = value;
        body(200, answer)
    };
    let github = Provider::GitHub;
    let rows = [
        ("down", body(503, "<html>"), "unavailable"),
        ("busy", (429, "retry-after: 7\r\n", String::new()), "unavailable"),
        ("cut", (0, "", String::new()), "unavailable"),
        ("a redirect", (302, "location: https://elsewhere.example/\r\n", String::new()), "unavailable"),
        ("no JSON", body(200, "device_code=3584&user_code=WDJB"), "unavailable"),
        ("no object", body(200, "[]"), "unavailable"),
        ("nothing", body(200, ""), "unavailable"),
        ("endless", body(200, "x".repeat(70_000)), "unavailable"),
        ("no code", with("user_code", json!(null)), "unavailable"),
        ("a code that is a page", with("user_code", json!("<b>hello</b>")), "unavailable"),
        ("a page without TLS", with("verification_uri", json!("http://github.com/login")), "unavailable"),
        ("a page with a blank", with("verification_uri", json!("https://github.com/ login")), "unavailable"),
        ("an empty secret", with("device_code", json!("")), "unavailable"),
        ("Microsoft's own trouble", body(400, r#"{"error":"temporarily_unavailable"}"#), "unavailable"),
        ("an app that is not there", body(404, r#"{"error":"Not Found"}"#), "Not Found, status 404"),
        ("forbidden", error(github, "device_flow_disabled"), "device_flow_disabled, status 200"),
        ("a rule", error(Provider::Microsoft, "invalid_grant"), "invalid_grant [53003], status 400"),
        ("a word that is none", error(github, "<script>"), "an error without a word, status 200"),
    ];
    for (what, answer, expected) in rows {
        let script = Script::new(vec![answer]).await;
        let error = script.flow.begin(Provider::GitHub, now()).await.unwrap_err();
        let problem = Problem::from(error.clone());
        match error {
            Error::Unavailable { .. } => {
                assert_eq!((expected, problem.code.word()), ("unavailable", "sign-in-unavailable"), "{what}");
            }
            Error::Refused { why, .. } => {
                assert_eq!((expected, problem.code.word()), (&*why, "sign-in-refused"), "{what}");
            }
        }
        assert!(problem.next.contains("other provider"), "{what}: {}", problem.next);
        let printed = format!("{problem:?}");
        assert!(!printed.contains("@example.com") && !printed.contains("127.0.0.1"), "{what}: {printed}");
        assert_eq!(script.asked().len(), 1, "{what}: one request, no second try");
    }
}
