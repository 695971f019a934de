//! One request to the API server: tried again within bounds, and its failures told apart.

use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode};
use kube::{Client, Resource, client::Body, core::Status};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::Semaphore;

use crate::{
    api::problem::{Code, Problem},
    domain::member::Member,
    wire::{Again, Bounds, chain, retry_after},
};

/// Requests at once: more only queue up in the API server, each on a connection of its own.
pub const IN_FLIGHT: usize = 32;

/// Every caller stays far below the host's timeout.
const BOUNDS: Bounds = Bounds {
    first_pause: Duration::from_millis(200),
    longest_pause: Duration::from_secs(60),
    patience: Duration::from_secs(35),
};

/// A longer `Retry-After` than this is the caller's to wait for, not ours.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The one StatefulSet of a member, and of its kind the only name.
pub const WORKSPACE: &str = "workspace";

/// The collection of a kind in the member's namespace.
pub fn of<K: Resource<DynamicType = ()>>(member: Member) -> kube::core::Request {
    kube::core::Request::new(K::url_path(&(), Some(&member.namespace())))
}

/// A request that was built, or the reason why it could not be.
pub fn build<E: std::fmt::Display>(request: Result<Request<Vec<u8>>, E>) -> Result<Request<Vec<u8>>, Error> {
    request.map_err(|e| refused(&e))
}

/// A request that can not even be sent.
pub fn refused(error: &impl std::fmt::Display) -> Error {
    Error::Refused { code: 0, message: error.to_string() }
}

/// Why a request to the cluster failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not found")]
    NotFound,
    /// The object exists already, or a precondition names another one.
    #[error("conflict: {0}")]
    Conflict(String),
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// A test of a JSON Patch failed: somebody changed the object since we looked.
    #[error("changed since it was seen")]
    Changed,
    /// The object itself was refused.
    #[error("refused with {code}: {message}")]
    Refused { code: u16, message: String },
    /// Tried again within bounds, to no avail.
    #[error("unavailable: {why}")]
    Unavailable { why: String, again: bool, wait: Option<Duration> },
}

impl Again for Error {
    fn again(&self) -> bool {
        matches!(self, Self::Unavailable { again: true, .. })
    }

    fn wait(&self) -> Option<Duration> {
        if let Self::Unavailable { wait, .. } = self { *wait } else { None }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Unavailable { .. } => {
                Self::new(Code::ClusterUnavailable, "the cluster does not answer as it should just now")
                    .next("Nothing is lost. Try again in a few seconds; if it goes on, tell an admin.")
            }
            Error::Changed => {
                Self::new(Code::KeepsChanging, "your workspace changes faster than we can follow")
                    .next("Try again in a few seconds.")
            }
            Error::Forbidden(_) => Self::new(Code::ClusterRefused, "the cluster does not let dcaas do this")
                .next("Tell an admin: the rights of infra/kubernetes may be missing."),
            Error::Refused { .. } | Error::Conflict(_) | Error::NotFound => {
                Self::new(Code::ClusterRefused, format!("the cluster refused the change: {error}"))
                    .next("Tell an admin: a profile or another setting may not fit this cluster.")
            }
        }
        .cause(error)
    }
}

/// Sends requests.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    in_flight: Arc<Semaphore>,
}

impl Sender {
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, in_flight: Arc::new(Semaphore::new(IN_FLIGHT)) }
    }

    /// The client itself, for what streams.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request that can be repeated, as all of ours can.
    ///
    /// # Errors
    /// What the last try met.
    pub async fn send<T: DeserializeOwned>(&self, request: Request<Vec<u8>>) -> Result<T, Error> {
        Ok(self.send_to_make(request).await?.0)
    }

    /// The same, and whether the object was made by it. One that an earlier try made, whose answer was lost, was not.
    ///
    /// # Errors
    /// What the last try met.
    pub async fn send_to_make<T: DeserializeOwned>(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<(T, bool), Error> {
        let (status, text) = self.tried(request).await?;
        let answer = serde_json::from_str(&text).map_err(|e| Error::Refused {
            code: 200,
            message: format!("an answer that can not be read: {e}"),
        })?;
        Ok((answer, status == StatusCode::CREATED))
    }

    /// The same, for an answer that is no JSON.
    ///
    /// # Errors
    /// What the last try met.
    pub async fn send_for_text(&self, request: Request<Vec<u8>>) -> Result<String, Error> {
        Ok(self.tried(request).await?.1)
    }

    /// Sends a deletion; one that is not there is success.
    ///
    /// # Errors
    /// What the last try met.
    pub async fn delete(&self, request: Request<Vec<u8>>) -> Result<(), Error> {
        match self.send::<IgnoredAny>(request).await {
            Ok(_) | Err(Error::NotFound) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// The same for one that names what was seen; whether that is gone, or it is another one by now.
    ///
    /// # Errors
    /// What the last try met.
    pub async fn delete_seen(&self, request: Request<Vec<u8>>) -> Result<bool, Error> {
        match self.delete(request).await {
            Err(Error::Conflict(_)) => Ok(false),
            done => done.map(|()| true),
        }
    }

    async fn tried(&self, request: Request<Vec<u8>>) -> Result<(StatusCode, String), Error> {
        BOUNDS.tried(|| self.once(&request)).await.unwrap_or_else(|| {
            let why = format!("no answer within {:?}", BOUNDS.patience);
            Err(Error::Unavailable { why, again: false, wait: None })
        })
    }

    async fn once(&self, request: &Request<Vec<u8>>) -> Result<(StatusCode, String), Error> {
        let _turn = self.in_flight.acquire().await;
        let request = request.clone().map(Body::from);
        let unavailable = |why: String| Error::Unavailable { why, again: true, wait: None };
        let answer = self.client.send(request).await.map_err(|e| unavailable(chain(&e)))?;
        let status = answer.status();
        let wait = retry_after(answer.headers());
        let bytes = answer.into_body().collect_bytes().await.map_err(|e| unavailable(chain(&e)))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_success() { Ok((status, text)) } else { Err(classify(status, wait, &text)) }
    }
}

/// Reads a failure: which kind it is, and whether asking again can help.
fn classify(status: StatusCode, wait: Option<Duration>, body: &str) -> Error {
    let told: Option<Status> = serde_json::from_str(body).ok();
    let message = told.as_ref().map_or_else(|| body.chars().take(200).collect(), |s| s.message.clone());
    let reason = told.as_ref().map_or("", |s| s.reason.as_str());
    let causes = told.as_ref().and_then(|s| s.details.as_ref()).is_some_and(|d| !d.causes.is_empty());
    let again = wait.is_none_or(|w| w <= LONGEST_WAIT);
    match status.as_u16() {
        404 => Error::NotFound,
        // a write met another one: the same request again meets the new state
        409 if reason == "Conflict" && !message.to_lowercase().contains("precondition") => {
            Error::Unavailable { why: message, again, wait }
        }
        409 => Error::Conflict(message),
        // a namespace on its way out: it comes back empty, if it should
        403 if message.contains("because it is being terminated") => {
            Error::Unavailable { why: message, again, wait }
        }
        403 => Error::Forbidden(message),
        422 if !causes => Error::Changed,
        408 | 429 | 500..=599 => Error::Unavailable { why: format!("{status}: {message}"), again, wait },
        code => Error::Refused { code, message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart() {
        let status = |reason: &str, message: &str, causes: bool| {
            let causes =
                if causes { r#"[{"reason":"FieldValueInvalid","message":"m","field":"f"}]"# } else { "[]" };
            format!(
                r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{message}","reason":"{reason}","details":{{"causes":{causes}}},"code":1}}"#
            )
        };
        let rows = [
            (404, None, status("NotFound", "", false), "NotFound"),
            (409, None, status("AlreadyExists", "", false), "Conflict"),
            (409, None, status("Conflict", "the object has been modified", false), "again"),
            (409, None, status("Conflict", "Precondition failed: UID in precondition", false), "Conflict"),
            (
                409,
                None,
                status("Conflict", "the UID in the precondition (a) does not match", false),
                "Conflict",
            ),
            (403, None, status("Forbidden", "", false), "Forbidden"),
            (403, None, status("Forbidden", "in namespace a because it is being terminated", false), "again"),
            (422, None, status("Invalid", "the server rejected our request", false), "Changed"),
            (422, None, status("Invalid", "spec is wrong", true), "Refused"),
            (400, None, status("BadRequest", "", false), "Refused"),
            (401, None, status("Unauthorized", "", false), "Refused"),
            (429, Some(1), "Too many requests, please try again later.".into(), "again"),
            (429, Some(60), "Too many requests, please try again later.".into(), "later"),
            (500, None, status("InternalError", "", false), "again"),
            (503, None, "no body".into(), "again"),
        ];
        for (code, wait, body, expected) in rows {
            let error = classify(StatusCode::from_u16(code).unwrap(), wait.map(Duration::from_secs), &body);
            let kind = match &error {
                Error::Unavailable { again: true, .. } => "again".to_owned(),
                Error::Unavailable { .. } => "later".to_owned(),
                other => format!("{other:?}").split(['(', ' ', '{']).next().unwrap().to_owned(),
            };
            assert_eq!(kind, expected, "{code} {body}");
        }
    }
}
