//! Signing in to the tunnel, by the providers' own endpoints behind an installation's gate: every answer that a
//! person at the browser, a provider or the way between them can bring.

mod answers;
mod ends;
mod rejected;
pub mod turns;
mod verbs;

use std::time::Duration;

use chrono::{DateTime, Utc};
use dcaas::{
    config::SignInSettings,
    device_flow::{DeviceFlow, Flow, Outcome, Token},
    domain::sign_in::{NoToken, Provider},
    plan::sign_in::{After, Move, after, next},
};
use serde_json::{Value, json};

use crate::world::{Installation, control, eventually, trusting};

/// The party of the gate behind which a provider stands.
fn party(provider: Provider) -> &'static str {
    match provider {
        Provider::GitHub => "github",
        Provider::Microsoft => "entra",
    }
}

/// The program's own client, at the addresses that this installation's settings name.
fn device_flow(dcaas: &Installation) -> DeviceFlow {
    // whichever test comes first installs it
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let url = |party: &str| dcaas.facts[party].as_str().unwrap().trim_end_matches('/').to_owned();
    let settings = SignInSettings {
        provider: Provider::GitHub,
        github_url: url("github"),
        github_api_url: url("github"),
        microsoft_url: url("entra"),
    };
    DeviceFlow::new(&settings, trusting()).unwrap()
}

/// How fast the flows of this installation go.
pub async fn pace(dcaas: &Installation, interval: u64, expires_in: u64) {
    let pace = json!({ "installation": dcaas.name, "interval": interval, "expires_in": expires_in });
    control("PUT", "/sign-ins/pace", pace).await;
}

/// What the person at the browser does with a flow's code.
async fn person(flow: &Flow, does: &str, body: Value) -> Value {
    let code = flow.pending.user_code.reveal();
    control("POST", &format!("/sign-ins/{code}/{does}"), body).await
}

/// How the provider tells of a flow.
async fn told(flow: &Flow) -> Value {
    let all = control("GET", "/sign-ins", json!(null)).await;
    let mine = |one: &&Value| one["code"] == flow.pending.user_code.reveal();
    all.as_array().unwrap().iter().rev().find(mine).unwrap().clone()
}

/// One turn: polls if it is time, and keeps what the answer changed. The same as the program does, without a cluster.
async fn turn(client: &DeviceFlow, flow: &mut Flow, now: DateTime<Utc>) -> Option<Result<Token, String>> {
    match next(&flow.pending, now) {
        Move::Wait { .. } => None,
        Move::End(ending) => Some(Err(ending.to_string())),
        Move::Poll { claim, .. } => {
            flow.pending = claim;
            match client.poll(flow).await {
                Outcome::Token(token) => Some(Ok(token)),
                Outcome::NoToken(answer) => match after(&flow.pending, &answer, Utc::now()) {
                    After::Wait { pending } => {
                        flow.pending = pending;
                        None
                    }
                    After::End(ending) => Some(Err(ending.to_string())),
                },
            }
        }
    }
}

/// Turns until there is a token or an end.
async fn in_the_end(client: &DeviceFlow, flow: Flow) -> Result<Token, String> {
    let flow = tokio::sync::Mutex::new(flow);
    eventually("the flow ends", || async { turn(client, &mut *flow.lock().await, Utc::now()).await }).await
}

fn no_token(outcome: Outcome) -> NoToken {
    match outcome {
        Outcome::NoToken(why) => why,
        Outcome::Token(_) => panic!("a token"),
    }
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}
