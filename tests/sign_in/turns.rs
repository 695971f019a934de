//! A member signs in: through the host, with the flow in the cluster, and whoever looks moves it on.

use crate::world::{Answer, Person, Token, get};

use super::*;

/// Somebody of the group who has everything but a token.
pub async fn newcomer(dcaas: &Installation) -> (Person, Token) {
    let ada = dcaas.person().await;
    let token = ada.token().await;
    dcaas.enqueue(&ada).await;
    eventually("the member is provisioned", || ada.set()).await;
    (ada, token)
}

/// The code that an answer shows.
pub fn code(answer: &Answer) -> String {
    let body = answer.json();
    assert_eq!((answer.status, &body["phase"]), (202, &json!("sign-in")), "{body}");
    let code = body["signIn"]["code"].as_str().unwrap_or_else(|| panic!("no code in {body}")).to_owned();
    assert!(body["next"].as_str().unwrap().contains(&code), "{body}");
    code
}

pub async fn decide(code: &str, does: &str, body: Value) {
    control("POST", &format!("/sign-ins/{code}/{does}"), body).await;
}

/// What the provider knows of a flow.
pub async fn flow(code: &str) -> Value {
    let all = control("GET", "/sign-ins", json!(null)).await;
    all.as_array().unwrap().iter().find(|one| one["code"] == code).unwrap().clone()
}

/// What a key of Secret `tunnel` holds.
pub async fn kept(person: &Person, key: &str) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let secret = get(&person.path("secrets/tunnel")).await?;
    let text = STANDARD.decode(secret["data"][key].as_str()?).unwrap();
    Some(String::from_utf8(text).unwrap())
}

pub async fn whose(token: &str) -> Value {
    control("POST", "/sign-ins/whose", json!({ "token": token })).await
}

#[tokio::test]
async fn the_first_start_shows_a_code_and_goes_on_by_itself_when_the_person_has_signed_in() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let answer = dcaas.start_steady(&token).await;
    let code = code(&answer);
    let body = answer.json();
    assert!(answer.headers.contains_key("retry-after"));
    assert!(body["signIn"]["page"].as_str().unwrap().ends_with("/login/device"), "{body}");
    assert!(body["signIn"]["licence"].as_str().unwrap().contains("License Terms"), "{body}");
    let set = ada.set().await.unwrap();
    assert_eq!(set["spec"]["replicas"], 0, "no machine waits for a person");
    // nobody calls from here on
    decide(&code, "approve", json!({ "as": ada.name })).await;
    eventually("the start goes on", || async { (ada.set().await?["spec"]["replicas"] == 1).then_some(()) })
        .await;
    let running = dcaas.until(&token, "running").await;
    assert_eq!(running["account"], format!("GitHub as {}", ada.name), "{running}");
    assert_eq!(running["profile"], "steady");
    assert!(running["signIn"].is_null(), "{running}");
    assert_eq!(whose(&kept(&ada, "access_token").await.unwrap()).await["account"], ada.name);
    assert!(get(&ada.path("secrets/sign-in")).await.is_none());
    assert_eq!(flow(&code).await["hurried"], 0);
    dcaas.stop(&token).await;
    // and the next start needs nobody
    dcaas.until(&token, "stopped").await;
    assert_eq!(dcaas.start_steady(&token).await.json()["phase"], "starting");
    dcaas.stop(&token).await;
}

#[tokio::test]
async fn asking_twice_shows_the_same_code_and_another_provider_another_one() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let github = code(&dcaas.start_steady(&token).await);
    assert_eq!(code(&dcaas.start_steady(&token).await), github);
    assert_eq!(code(&dcaas.post(&token, "/api/signin", json!({})).await), github);
    assert_eq!(dcaas.status(&token).await["signIn"]["code"], github.as_str());
    let wish = json!({ "profile": "steady", "provider": "microsoft" });
    let microsoft = code(&dcaas.start(&token, wish).await);
    assert_ne!(microsoft, github);
    decide(&github, "approve", json!({ "as": ada.name })).await;
    assert_eq!(dcaas.status(&token).await["phase"], "sign-in", "the code of before counts no more");
    decide(&microsoft, "approve", json!({ "as": ada.name })).await;
    dcaas.until(&token, "running").await;
    assert_eq!(kept(&ada, "provider").await.as_deref(), Some("microsoft"));
    assert!(kept(&ada, "refresh_token").await.is_some(), "its access token lives for an hour");
    dcaas.stop(&token).await;
}

#[tokio::test]
async fn another_size_is_another_start_with_the_same_code() {
    let dcaas = Installation::first().await;
    let (_ada, token) = newcomer(&dcaas).await;
    let first = code(&dcaas.start_steady(&token).await);
    let answer = dcaas.start(&token, json!({ "profile": "brief" })).await;
    assert_eq!(code(&answer), first);
    assert_eq!(answer.json()["profile"], "brief");
    dcaas.stop(&token).await;
    assert_eq!(dcaas.status(&token).await["phase"], "stopped");
}

#[tokio::test]
async fn many_who_look_at_once_never_poll_at_once() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    let code = code(&dcaas.start_steady(&token).await);
    for _ in 0..4 {
        let looks = (0..8).map(|_| dcaas.status(&token));
        for status in futures::future::join_all(looks).await {
            assert_eq!(status["phase"], "sign-in", "{status}");
        }
        eventually("another poll", || async {
            (flow(&code).await["polls"].as_u64() > Some(0)).then_some(())
        })
        .await;
    }
    decide(&code, "approve", json!({ "as": ada.name })).await;
    dcaas.until(&token, "running").await;
    assert_eq!(flow(&code).await["hurried"], 0);
    dcaas.stop(&token).await;
}

#[tokio::test]
async fn signing_in_anew_replaces_the_token_also_while_a_workspace_runs() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    dcaas.start_steady(&token).await;
    let session = dcaas.until(&token, "running").await["session"].clone();
    let before = kept(&ada, "access_token").await.unwrap();
    let answer = dcaas.post(&token, "/api/signin", json!({})).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["phase"]), (202, &json!("running")), "{body}");
    let code = body["signIn"]["code"].as_str().unwrap();
    decide(code, "approve", json!({ "as": format!("{}-other", ada.name) })).await;
    eventually("the token is another", || async {
        (kept(&ada, "access_token").await? != before).then_some(())
    })
    .await;
    eventually("the sign-in is over", || async {
        dcaas.status(&token).await["signIn"].is_null().then_some(())
    })
    .await;
    // the tunnel begins anew with it, and what works goes on
    assert_eq!(dcaas.until(&token, "running").await["session"], session);
    dcaas.stop(&token).await;
}
