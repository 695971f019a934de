//! A token that the relay rejects while a workspace runs: said, remembered, and asked for anew.

use std::fs;

use crate::{
    tunnel::until_says,
    world::{Inside, Person, Token, eventually, get},
};

use super::{
    turns::{code, decide, kept, newcomer},
    *,
};

/// What Secret `tunnel` says of its token.
async fn note(person: &Person, name: &str) -> Option<DateTime<Utc>> {
    let secret = get(&person.path("secrets/tunnel")).await?;
    secret["metadata"]["annotations"][name].as_str()?.parse().ok()
}

/// Waits until the status says that the token is rejected: nothing is stopped by that, and it is remembered.
async fn rejected(dcaas: &Installation, ada: &Person, token: &Token) {
    let status = eventually("the rejection is said", || async {
        let status = dcaas.status(token).await;
        status["says"].as_str().unwrap().contains("the sign-in is no longer valid").then_some(status)
    })
    .await;
    assert_eq!(status["phase"], "running", "{status}");
    assert!(status["next"].as_str().unwrap().contains("Sign in again"), "{status}");
    eventually("it is remembered", || async {
        dcaas.status(token).await;
        (note(ada, "dcaas.dev/rejected").await? > note(ada, "dcaas.dev/signed-in").await?).then_some(())
    })
    .await;
    assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 1);
    assert_eq!(dcaas.status(token).await["session"], status["session"]);
    // what runs goes on as it is
    assert_eq!(dcaas.start_steady(token).await.json()["phase"], "running");
}

#[tokio::test]
async fn a_rejected_token_stops_nothing_and_the_next_start_asks_for_another_one() {
    let dcaas = Installation::first().await;
    let (ada, token) = newcomer(&dcaas).await;
    decide(&code(&dcaas.start_steady(&token).await), "approve", json!({ "as": ada.name })).await;
    let status = until_says(&dcaas, &token, "can be reached").await;
    let inside = Inside::of(&status).await;
    let first = kept(&ada, "access_token").await.unwrap();
    fs::write(inside.data.join("reject-token"), &first).unwrap();
    rejected(&dcaas, &ada, &token).await;

    // a new sign-in while it runs: what was said of the token before does not count for this one
    let answer = dcaas.post(&token, "/api/signin", json!({})).await;
    assert_eq!((answer.status, &answer.json()["phase"]), (202, &json!("running")), "{}", answer.text);
    let shown = answer.json()["signIn"]["code"].as_str().unwrap().to_owned();
    decide(&shown, "approve", json!({ "as": ada.name })).await;
    eventually("another token", || async { (kept(&ada, "access_token").await? != first).then_some(()) })
        .await;
    let again = until_says(&dcaas, &token, "can be reached").await;
    assert_eq!(again["session"], status["session"], "nothing but the tunnel was started again");
    let (since, old) = (note(&ada, "dcaas.dev/signed-in").await, note(&ada, "dcaas.dev/rejected").await);
    assert!(old <= since, "{old:?} is about the token before, {since:?}");
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    assert_eq!(dcaas.start_steady(&token).await.json()["phase"], "starting", "no code is asked for");

    // and one that is rejected when nobody signs in anew: the next start asks
    let inside = Inside::of(&until_says(&dcaas, &token, "can be reached").await).await;
    inside.fault("reject-token", true);
    rejected(&dcaas, &ada, &token).await;
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    let shown = code(&dcaas.start_steady(&token).await);
    assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 0);
    decide(&shown, "approve", json!({ "as": ada.name })).await;
    until_says(&dcaas, &token, "can be reached").await;
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}
