//! How the world's verbs answer: JSON, or a sentence about what is wrong and what to do next.

use crate::listener::{self, Answer, Request};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Value, json as object};
use std::fmt::Display;

/// An answer, or why there is none.
pub type Outcome = Result<Answer, Refusal>;

/// A request that was not done.
pub struct Refusal {
    status: u16,
    error: String,
    next: String,
}

impl Refusal {
    /// What is wrong, and what to do next.
    pub fn new(status: u16, error: impl Display, next: impl Display) -> Self {
        Self { status, error: error.to_string(), next: next.to_string() }
    }

    /// The caller asked for something that can not be.
    pub fn of_caller(error: anyhow::Error) -> Self {
        Self::new(400, format!("{error:#}"), "change the request")
    }

    /// The caller named something that is not there.
    pub fn missing(error: anyhow::Error) -> Self {
        Self::new(404, format!("{error:#}"), "name one that is there")
    }

    /// As a response.
    pub fn answer(self) -> Answer {
        listener::json(self.status, &object!({"error": self.error, "next": self.next}))
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::new(500, format!("{error:#}"), "look into the logs in the world's folder; GET / names it")
    }
}

/// A JSON answer.
pub fn json(status: u16, value: &Value) -> Answer {
    listener::json(status, value)
}

/// An answer without a body.
pub fn empty(status: u16) -> Answer {
    let mut answer = Answer::new(reqwest::Body::default());
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    answer
}

/// The body as it came.
pub async fn bytes(request: Request) -> Result<Vec<u8>, Refusal> {
    match request.into_body().collect().await {
        Ok(whole) => Ok(whole.to_bytes().to_vec()),
        Err(error) => Err(Refusal::new(400, format!("the body broke off: {error}"), "send it again")),
    }
}

/// The body as JSON; none counts as `{}`.
pub async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let bytes = bytes(request).await?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| {
        Refusal::new(400, format!("the body is not what this verb takes: {error}"), "change it")
    })
}
