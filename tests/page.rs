//! The web page, in a real browser: what a person does there from the first morning on, and what nobody else can do.

mod admin;
mod browser;
mod elsewhere;
mod goes_on;
mod keyboard;
mod morning;
mod polls;
mod refused;

use serde_json::{Value, json};

use crate::{
    sign_in::pace,
    world::{Installation, Person, control, eventually},
};

pub use browser::Browser;

/// An installation with App Service authentication, as a browser needs it, whose sign-ins are polled every second.
async fn with_page<F: Future<Output = ()>>(test: impl FnOnce(Installation) -> F) {
    let test = async |dcaas: Installation| {
        pace(&dcaas, 1, 900).await;
        test(dcaas).await;
    };
    Installation::own(json!({ "easy_auth": true }), test).await;
}

/// A person with a workspace who has never signed in to a tunnel.
async fn newcomer(dcaas: &Installation) -> Person {
    let person = dcaas.person().await;
    dcaas.enqueue(&person).await;
    eventually("the member is provisioned", || person.set()).await;
    person
}

/// What the person does at the provider with the code that the page shows.
async fn at_the_provider(code: &str, does: &str) -> Value {
    control("POST", &format!("/sign-ins/{code}/{does}"), json!({})).await
}

/// The page is whole without a browser, too: what it is sent with, and what it says where nobody can sign in.
#[tokio::test]
async fn the_page_is_sent_with_a_policy_and_never_kept() {
    let dcaas = Installation::first().await;
    let answer = dcaas.send(dcaas.request("GET", "/")).await;
    assert_eq!(answer.status, 500, "App Service authentication is off here: {}", answer.text);
    assert!(answer.text.contains("App Service authentication is off"), "{}", answer.text);
    assert!(answer.text.contains("An admin can turn it on"), "{}", answer.text);
    with_page(async |dcaas| {
        let answer = dcaas.send(dcaas.request("GET", "/")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    })
    .await;
}
