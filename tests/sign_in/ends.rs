//! Sign-ins that come to nothing: each is a state with a sentence and a next step, and nothing is left of it.

use crate::world::{Person, get};

use super::{
    turns::{code, decide, flow, kept, newcomer},
    *,
};

#[tokio::test]
async fn a_sign_in_that_is_declined_or_runs_out_ends_the_start_and_says_so() {
    let dcaas = Installation::first().await;
    for (does, why, next) in [
        ("decline", "declined at GitHub", "Start again for a new code, and allow"),
        ("expire", "was not used in time", "Start again for a new code"),
    ] {
        let (ada, token) = newcomer(&dcaas).await;
        let first = code(&dcaas.start_steady(&token).await);
        decide(&first, does, json!({})).await;
        // nobody calls: the message's look ends it
        eventually("the wish is taken back", || async {
            let ended = ada.set().await?["metadata"]["annotations"]["dcaas.dev/ended"].clone();
            ended.as_str()?.contains("sign-in").then_some(())
        })
        .await;
        eventually("nothing is left of it", || async {
            get(&ada.path("secrets/sign-in")).await.is_none().then_some(())
        })
        .await;
        let status = dcaas.status(&token).await;
        assert_eq!(status["phase"], "stopped", "{status}");
        assert!(status["says"].as_str().unwrap().contains(why), "{status}");
        assert!(kept(&ada, "access_token").await.is_none());
        // where the caller's own look meets it, the answer has the next step
        let second = code(&dcaas.start_steady(&token).await);
        assert_ne!(second, first);
        decide(&second, does, json!({})).await;
        let told = std::sync::Mutex::new(Vec::new());
        eventually("it is over", || async {
            let status = dcaas.status(&token).await;
            told.lock().unwrap().push(status["next"].to_string());
            (status["phase"] == "stopped").then_some(())
        })
        .await;
        let told = told.into_inner().unwrap();
        let expected = [next, "Start it when you need it"];
        let last = told.last().unwrap();
        assert!(expected.iter().any(|text| last.contains(text)), "{told:?}");
    }
}

#[tokio::test]
async fn a_stop_takes_the_wish_back_and_the_token_is_kept_for_the_next_start() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let code = code(&dcaas.start_steady(&token).await);
    let answer = dcaas.stop(&token).await;
    assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
    decide(&code, "approve", json!({ "as": ada.name })).await;
    eventually("the token is kept", || kept(&ada, "access_token")).await;
    eventually("the flow is over", || async {
        get(&ada.path("secrets/sign-in")).await.is_none().then_some(())
    })
    .await;
    assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 0);
    assert_eq!(dcaas.status(&token).await["phase"], "stopped");
}

#[tokio::test]
async fn a_code_that_another_person_of_the_tenant_uses_opens_nothing() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let mallory = dcaas.person().await;
    let answer = dcaas.start(&token, json!({ "profile": "steady", "provider": "microsoft" })).await;
    decide(&code(&answer), "approve", json!({ "as": mallory.name })).await;
    eventually("the start ends", || async {
        (dcaas.status(&token).await["phase"] == "stopped").then_some(())
    })
    .await;
    let says = dcaas.status(&token).await["says"].to_string();
    assert!(says.contains("somebody else signed in"), "{says}");
    assert!(get(&ada.path("secrets/tunnel")).await.is_none());
}

#[tokio::test]
async fn an_admin_sees_that_somebody_signs_in_and_not_their_code() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let code = code(&dcaas.start_steady(&token).await);
    let admin = Person::admin().await.token().await;
    for (method, path) in [("GET", "/api/status"), ("POST", "/api/start"), ("POST", "/api/signin")] {
        let path = format!("{path}?member={}", ada.oid);
        let mut request = dcaas.request(method, &path).bearer_auth(&admin.0);
        if method == "POST" {
            request = request.json(&json!({}));
        }
        let answer = dcaas.send(request).await;
        assert_eq!(answer.json()["phase"], "sign-in", "{path}: {}", answer.text);
        assert!(!answer.text.contains(&code), "{path}: {}", answer.text);
    }
    dcaas.stop(&token).await;
}

#[tokio::test]
async fn while_the_provider_is_down_nothing_is_lost() {
    Installation::own(json!({}), async |dcaas| {
        let (ada, token) = newcomer(&dcaas).await;
        let down = json!({ "party": "github", "times": null, "fault": { "status": 503 } });
        dcaas.fault(down.clone()).await;
        dcaas.start_steady(&token).await.refuses(503, "sign-in-unavailable", "GitHub is down");
        assert_eq!(dcaas.status(&token).await["phase"], "stopped");
        dcaas.clear_faults().await;
        let code = code(&dcaas.start_steady(&token).await);
        dcaas.fault(down).await;
        eventually("it is said", || async {
            let says = dcaas.status(&token).await["says"].to_string();
            says.contains("does not answer just now").then_some(())
        })
        .await;
        decide(&code, "approve", json!({ "as": ada.name })).await;
        dcaas.clear_faults().await;
        eventually("the start goes on", || async {
            (ada.set().await?["spec"]["replicas"] == 1).then_some(())
        })
        .await;
        assert_eq!(flow(&code).await["state"], "done");
        dcaas.stop(&token).await;
    })
    .await;
}

#[tokio::test]
async fn a_wish_with_an_unknown_provider_or_from_no_member_begins_nothing() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let answer = dcaas.post(&token, "/api/signin", json!({ "provider": "gitlab" })).await;
    answer.refuses(400, "bad-request", "an unknown provider");
    assert!(get(&ada.path("secrets/sign-in")).await.is_none());
    let dora = Person::made(json!({ "member": false })).await.token().await;
    dcaas.post(&dora, "/api/signin", json!({})).await.refuses(403, "not-a-member", "no member");
}
