//! Entra's errors: a word for programs, a number and a sentence for people
//! (learn: entra/identity-platform/reference-error-codes, "Handling error codes in your application").

use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use crate::listener::{self, Answer};

/// An error of one of the OAuth endpoints.
#[derive(Debug)]
pub(super) struct Refusal {
    error: &'static str,
    number: u32,
    says: String,
}

impl Refusal {
    pub fn new(error: &'static str, number: u32, says: impl Into<String>) -> Self {
        Self { error, number, says: says.into() }
    }

    pub fn missing(field: &str) -> Self {
        let says = format!("The request body must contain the following parameter: '{field}'.");
        Self::new("invalid_request", 900_144, says)
    }
}

/// The answer, with status 400 as all of them.
pub(super) fn refuse(refusal: &Refusal) -> Answer {
    let Refusal { error, number, says } = refusal;
    let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
    let now = Utc::now().format("%Y-%m-%d %H:%M:%SZ").to_string();
    let body = json!({
        "error": error,
        "error_description": format!(
            "AADSTS{number}: {says} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        ),
        "error_codes": [number], "timestamp": now, "trace_id": trace, "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    });
    listener::json(400, &body)
}
