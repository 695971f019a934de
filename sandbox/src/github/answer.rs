//! GitHub's answers: as a form or as JSON, and its errors, which come with status 200.

use http::{HeaderMap, header};
use reqwest::Url;
use serde_json::{Value, json};

use crate::listener::{self, Answer};

/// What the page says where people enter their code; here they do it elsewhere.
pub(super) const PAGE: &str = "Here people enter the code of a device.\n\n\
    In this world you say it in a terminal:\n\n  \
    cargo local -- approve CODE --as PERSON\n  \
    cargo local -- decline CODE\n";

const DOCUMENTATION: &str = "https://docs.github.com/developers/apps/authorizing-oauth-apps";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Form,
    Json,
}

impl Format {
    /// What `Accept` asks for: without a word a form. None for XML, which the world lacks.
    pub fn asked(headers: &HeaderMap) -> Option<Self> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
        if accept.contains("xml") {
            return None;
        }
        Some(if accept.contains("application/json") { Self::Json } else { Self::Form })
    }

    pub fn answer(self, status: u16, body: &Value) -> Answer {
        match self {
            Self::Json => listener::json(status, body),
            Self::Form => {
                let pairs = body.as_object().into_iter().flatten().map(|(name, value)| {
                    (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                });
                let url = Url::parse_with_params("http://any/", pairs);
                let text = url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default();
                listener::text(status, "application/x-www-form-urlencoded; charset=utf-8", text)
            }
        }
    }
}

/// An error of the device flow.
pub(super) fn error(code: &str, interval: Option<u64>) -> Value {
    let says = match code {
        "authorization_pending" => "The authorization request is still pending.",
        "slow_down" => "Too many requests have been made in the same timeframe.",
        "expired_token" => "The device_code has expired.",
        "access_denied" => "The authorization request was denied.",
        "incorrect_device_code" => "The device_code provided is not valid.",
        "incorrect_client_credentials" => "The client_id and/or client_secret passed are incorrect.",
        _ => "The grant type must be urn:ietf:params:oauth:grant-type:device_code.",
    };
    let mut body = json!({"error": code, "error_description": says, "error_uri": DOCUMENTATION});
    if let Some(interval) = interval {
        body["interval"] = interval.into();
    }
    body
}

/// A refusal of the REST API.
pub(super) fn refuse(status: u16, message: &str) -> Answer {
    let body = json!({
        "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string(),
    });
    listener::json(status, &body)
}
