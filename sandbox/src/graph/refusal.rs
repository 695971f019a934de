//! Why Graph does not do something, in its own words.

use http::HeaderValue;
use http::header::RETRY_AFTER;
use serde_json::json;
use uuid::Uuid;

use crate::listener::{self, Answer};

/// What comes of a request.
pub(super) type Outcome = Result<Answer, Refusal>;

/// A request that was not done (learn: graph/errors).
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    code: &'static str,
    message: String,
    retry_after: Option<u32>,
    /// What the world lacks, after the request's method and path.
    pub lacks: Option<String>,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, lacks: None }
    }

    /// Graph may understand this; the world does not.
    pub fn lacks(what: impl Into<String>) -> Self {
        let mut refusal = Self::new(501, "notImplemented", "the world's Graph lacks this");
        refusal.lacks = Some(what.into());
        refusal
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    /// An object of the directory that is not there.
    pub fn missing(id: impl std::fmt::Display) -> Self {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(404, "Request_ResourceNotFound", message)
    }

    pub fn denied() -> Self {
        Self::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    /// Graph is busy (429) or down, for so many seconds if it says so (learn: graph/throttling).
    pub fn unavailable(status: u16, retry_after: Option<u32>) -> Self {
        let (code, message) = match status {
            429 => ("TooManyRequests", "Too many requests."),
            _ => ("serviceNotAvailable", "The service is temporarily unavailable. Please try again."),
        };
        Self { retry_after, ..Self::new(status, code, message) }
    }

    pub fn answer(self) -> Answer {
        let id = Uuid::new_v4();
        let date = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S").to_string();
        let inner = json!({"date": date, "request-id": id, "client-request-id": id});
        let error = json!({"code": self.code, "message": self.message, "innerError": inner});
        let mut answer = listener::json(self.status, &json!({"error": error}));
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
