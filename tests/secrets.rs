//! Secrets: in a whole life, from joining to leaving, none is found anywhere but where it is kept.

mod places;

use serde_json::{Value, json};

use crate::{
    sign_in::turns::{code, decide, kept},
    world::{Answer, Inside, Installation, Person, Token, eventually, get},
};
use places::{Needles, blobs, disk, logs, objects, of_the_executable, of_the_pod, on_the_queue};

/// What every function answers to the owner or, about them, to an admin. The owner's own answers show their code.
async fn every_answer(dcaas: &Installation, needles: &Needles, ada: &Person, token: &Token, own: bool) {
    let ask = if own { String::new() } else { format!("member={}", ada.oid) };
    let body = json!({ "profile": "steady" });
    for (method, path, body) in [
        ("GET", "status", None),
        ("GET", "logs?tail=5000", None),
        ("POST", "start", Some(body)),
        ("POST", "signin", Some(json!({}))),
        ("GET", "workspaces", None),
        ("GET", "health", None),
    ] {
        let link = if path.contains('?') { '&' } else { '?' };
        let path = if path == "health" { path.to_owned() } else { format!("{path}{link}{ask}") };
        let mut request = dcaas.request(method, &format!("/api/{path}")).bearer_auth(&token.0);
        if let Some(body) = body {
            request = request.json(&body);
        }
        look_at(needles, &format!("{method} {path}, own: {own}"), &dcaas.send(request).await, own);
    }
}

fn look_at(needles: &Needles, what: &str, answer: &Answer, own: bool) {
    let text = format!("{:?}\n{}", answer.headers, answer.text);
    if own { needles.none_but_codes(what, &text) } else { needles.none(what, &text) }
}

/// The code that is shown, and with it the secret that polls need.
async fn flow_begins(needles: &mut Needles, ada: &Person, answer: &Answer) -> String {
    let shown = answer.json()["signIn"]["code"].as_str().unwrap().to_owned();
    needles.add_code("a user code", &shown);
    let held = places::secret(&ada.path("secrets/sign-in"), "device_code").await.unwrap();
    needles.add("a device code", &held);
    shown
}

/// Waits for a token that is not the one of before, with what comes with it.
async fn token_comes(needles: &mut Needles, ada: &Person, before: &str) -> String {
    let token = eventually("another token", || async {
        kept(ada, "access_token").await.filter(|token| token != before)
    })
    .await;
    needles.add("an access token", &token);
    if let Some(refresh) = kept(ada, "refresh_token").await {
        needles.add("a refresh token", &refresh);
    }
    token
}

async fn connected(dcaas: &Installation, token: &Token) -> Value {
    eventually("the workspace can be reached", || async {
        let status = dcaas.status(token).await;
        status["says"].as_str().unwrap().contains("can be reached").then_some(status)
    })
    .await
}

#[tokio::test]
async fn no_secret_of_a_whole_life_is_found_where_it_does_not_belong() {
    Installation::own(json!({}), |dcaas| async move {
        let mut needles = Needles::default();
        for (name, value) in of_the_executable(&dcaas.name) {
            needles.add(&name, &value);
        }
        dcaas.reconcile().await;
        let (ada, token) = crate::sign_in::turns::newcomer(&dcaas).await;
        let admin = Person::made(json!({ "installation": dcaas.name, "admin": true })).await.token().await;
        needles.add("the owner's bearer token", &token.0);
        needles.add("the admin's bearer token", &admin.0);
        let namespaces = [ada.namespace(), dcaas.name.clone()];

        // a start, a code, a sign-in with GitHub
        let begun = dcaas.start_steady(&token).await;
        code(&begun);
        let github = flow_begins(&mut needles, &ada, &begun).await;
        every_answer(&dcaas, &needles, &ada, &token, true).await;
        every_answer(&dcaas, &needles, &ada, &admin, false).await;
        needles.none_in(objects(&namespaces).await);
        decide(&github, "approve", json!({ "as": ada.name })).await;
        let first = token_comes(&mut needles, &ada, "").await;
        let inside = Inside::of(&connected(&dcaas, &token).await).await;
        let home = places::real(&inside.home);
        needles.none_in(of_the_pod(&home));

        // another one with Microsoft, while it runs
        let again = dcaas.post(&token, "/api/signin", json!({ "provider": "microsoft" })).await;
        let microsoft = flow_begins(&mut needles, &ada, &again).await;
        every_answer(&dcaas, &needles, &ada, &admin, false).await;
        decide(&microsoft, "approve", json!({ "as": ada.name })).await;
        token_comes(&mut needles, &ada, &first).await;
        eventually("the tunnel has the new token", || async {
            let log = dcaas.get(&token, "/api/logs?tail=1000").await.text;
            log.contains("there is a new sign-in").then_some(())
        })
        .await;
        connected(&dcaas, &token).await;
        needles.none_in(of_the_pod(&home));
        let secret = get(&ada.path("secrets/tunnel")).await.unwrap().to_string();
        assert_eq!(needles.found(&secret), 2, "the search finds what is there: access and refresh token");
        needles.none_in(logs(&ada).await);
        needles.none_in(objects(&namespaces).await);
        needles.none_in(disk(&home));
        every_answer(&dcaas, &needles, &ada, &token, true).await;
        every_answer(&dcaas, &needles, &ada, &admin, false).await;

        look_at(&needles, "POST stop", &dcaas.stop(&token).await, true);
        dcaas.until(&token, "stopped").await;
        needles.none_in(objects(&namespaces).await);
        ada.leave().await;
        eventually("the workspace is gone", || async { ada.set().await.is_none().then_some(()) }).await;
        look_at(&needles, "GET status, gone", &dcaas.get(&token, "/api/status").await, false);
        needles.none_in(objects(&namespaces).await);
        needles.none_in(disk(&home));
        needles.none_in(blobs(&dcaas, &ada).await);
        needles.none_in(on_the_queue(&dcaas).await);
        let log = dcaas.whole_log().await;
        assert!(log.contains("sign-in: done") && log.contains("leaving: the workspace is gone"), "{log}");
        needles.none("the log of the host and the executable", &log);
        assert!(!log.contains("eyJ"), "a token of any kind:\n{log}");
    })
    .await;
}
