//! Both providers' words, and nonsense, from answers that a test has written down.

mod account;
mod begin;
mod poll;

use super::*;
use crate::{
    domain::sign_in::UserCode,
    scripted::{Answer, Asked, Scripted},
};

/// A provider that gives these answers in order.
struct Script {
    flow: DeviceFlow,
    party: Scripted,
}

impl Script {
    async fn new(answers: Vec<Answer>) -> Self {
        let party = Scripted::new(answers, |_| {}).await;
        let url = &party.url;
        let settings = SignInSettings {
            provider: Provider::GitHub,
            github_url: format!("{url}/github"),
            github_api_url: format!("{url}/api"),
            microsoft_url: format!("{url}/microsoft"),
        };
        Self { flow: DeviceFlow::new(&settings, reqwest::Client::builder()).unwrap(), party }
    }

    fn asked(&self) -> Vec<Asked> {
        self.party.asked()
    }

    async fn poll(&self, provider: Provider) -> Outcome {
        self.flow.poll(&flow(provider)).await
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A flow that was begun somewhere.
fn flow(provider: Provider) -> Flow {
    let pending = Pending {
        id: "one".into(),
        provider,
        user_code: UserCode::parse("WDJB-MJHT").unwrap(),
        page: "https://github.com/login/device".into(),
        expires: now() + Duration::from_secs(900),
        interval: Duration::from_secs(5),
        next_poll: now(),
        misses: 0,
    };
    Flow { pending, device_code: Secret::from("the-device-code") }
}

fn body(status: u16, body: impl ToString) -> Answer {
    (status, "", body.to_string())
}

/// An error of GitHub, with status 200, and of Microsoft, with 400.
fn error(provider: Provider, word: &str) -> Answer {
    match provider {
        Provider::GitHub => {
            body(200, format!(r#"{{"error":"{word}","error_description":"about ada@example.com"}}"#))
        }
        Provider::Microsoft => body(
            400,
            format!(
                r#"{{"error":"{word}","error_description":"AADSTS53003: ada@example.com","error_codes":[53003],"trace_id":"x"}}"#
            ),
        ),
    }
}
