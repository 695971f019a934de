//! The client for Graph against answers that a test has written down.

mod members;
mod notifications;
mod subscriptions;
mod tries;

use std::sync::Arc;

use super::*;
use crate::{
    domain::member::Member,
    scripted::{Answer, Asked, Scripted},
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenRequestOptions},
    time::OffsetDateTime,
};

const GROUP: &str = "66666666-6666-6666-6666-666666666666";
/// A group that opens profiles.
const GATE: &str = "77777777-6666-6666-6666-666666666666";
const ADA: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
const BEN: &str = "7e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

#[derive(Debug)]
struct Token;

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://graph.microsoft.com/.default"]);
        Ok(AccessToken::new("the-token", OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1)))
    }
}

/// A Graph that gives these answers in order.
struct Script {
    graph: Graph,
    party: Scripted,
}

impl Script {
    async fn new(answers: Vec<Answer>) -> Self {
        let party = Scripted::new(answers, check).await;
        let settings = GraphSettings {
            url: party.url.clone(),
            group: GROUP.into(),
            gates: vec![GATE.into()],
            resource: format!("/groups/{GROUP}"),
            notification_url: "https://dcaas.example/api/membership".into(),
            client_state: "the-secret-of-this-installation-1".into(),
        };
        Self { graph: Graph::new(&settings, Arc::new(Token)).unwrap(), party }
    }

    /// What it was asked: method, path and body.
    fn asked(&self) -> Vec<String> {
        let text = |asked: Asked| format!("{} {}", asked.line, asked.body).trim_end().to_owned();
        self.party.asked().into_iter().map(text).collect()
    }
}

/// Each request brings our token, and each POST says how long it is.
fn check(asked: &Asked) {
    assert_eq!(asked.header("authorization"), Some("bearer the-token"), "{}", asked.line);
    let length = asked.header("content-length");
    assert!(length.is_some() || !asked.line.starts_with("POST"), "{} without a length", asked.line);
}

fn ok(body: impl Into<String>) -> Answer {
    (200, "", body.into())
}

fn refusal(status: u16, code: &str) -> Answer {
    (status, "", format!(r#"{{"error":{{"code":"{code}","message":"in Graph's words"}}}}"#))
}

fn ada() -> Member {
    Member::parse(ADA).unwrap()
}
