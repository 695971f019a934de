//! One request to Graph: tried again within bounds, and its failures told apart.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode, header::CONTENT_LENGTH};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::Graph;
use crate::{
    api::problem::{Code, Problem},
    wire::{self, Again, Bounds, Unread, retry_after, told},
};

/// What the function's identity has to be granted at Graph, as application permissions.
pub const PERMISSIONS: &str = "Group.Read.All and User.Read.All";

/// The scope of tokens for Graph, wherever it is reached.
const SCOPE: &str = "https://graph.microsoft.com/.default";

const BOUNDS: Bounds = Bounds {
    first_pause: Duration::from_millis(300),
    longest_pause: Duration::from_secs(5),
    patience: Duration::from_secs(40),
};

/// A longer `Retry-After` than this is the caller's to wait for, not ours.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// No answer of Graph that we ask for is larger.
const LARGEST: usize = 8 * 1024 * 1024;

/// Why Graph did not tell what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The group itself is not there.
    #[error("the group does not exist")]
    NoGroup,
    /// Something else is not there.
    #[error("not found: {0}")]
    NotFound(String),
    /// A permission is missing, or does not count yet.
    #[error("denied: {0}")]
    Denied(String),
    /// Asking the same again does not help.
    #[error("refused with {status}: {message}")]
    Refused { status: u16, message: String },
    /// Tried again within bounds, to no avail.
    #[error("unavailable: {why}")]
    Unavailable { why: String, again: bool, wait: Option<Duration> },
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Unavailable { .. } => {
                Self::new(Code::GraphUnavailable, "Microsoft Graph does not answer as it should just now")
                    .next("Nothing is lost. Try again in a minute; if it goes on, tell an admin.")
            }
            Error::NoGroup => Self::new(Code::GraphRefused, "the group of this installation does not exist")
                .next("Tell an admin: GROUP_ID has to name a group of this tenant. Nobody is removed until then."),
            Error::Denied(_) => Self::new(Code::GraphRefused, "Microsoft Graph does not let dcaas look")
                .next(format!(
                    "Tell an admin: the function's identity needs {PERMISSIONS}; a new grant may take hours to count."
                )),
            Error::NotFound(_) | Error::Refused { .. } => {
                Self::new(Code::GraphRefused, "Microsoft Graph did not do what it was asked")
                    .next("Tell an admin, who finds Graph's reason in the log.")
            }
        }
        .cause(error)
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Always,
    /// Only when Graph said that it did nothing, or was not reached.
    IfUndone,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub method: Method,
    pub url: String,
    pub body: Option<&'a Value>,
    pub repeat: Repeat,
    /// Casts and counts are answered from an index that may lag; everything else should not be.
    pub eventual: bool,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl<'a> Ask<'a> {
    pub fn get(url: String) -> Self {
        Self { method: Method::GET, url, body: None, repeat: Repeat::Always, eventual: false }
    }

    pub fn post(url: String, body: Option<&'a Value>, repeat: Repeat) -> Self {
        Self { method: Method::POST, url, body, repeat, eventual: false }
    }
}

impl Graph {
    /// An address of Graph's version 1.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/v1.0{path}", self.settings.url)
    }

    /// Asks, and reads the answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, Error> {
        let bytes = self.ask_for_bytes(ask).await?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Refused {
            status: 200,
            message: format!("an answer that can not be read: {e}"),
        })
    }

    /// The same, for an answer that nobody reads.
    pub(super) async fn ask_for_bytes(&self, ask: Ask<'_>) -> Result<Vec<u8>, Error> {
        match BOUNDS.tried(|| self.once(&ask)).await {
            Some(answer) => answer.map_err(|failure| failure.error),
            None => Err(unavailable(format!("no answer within {:?}", BOUNDS.patience), false, None)),
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> Result<Vec<u8>, Failure> {
        let failure = |error, undone| Failure { error, repeat: undone || ask.repeat == Repeat::Always };
        let token = self.credential.get_token(&[SCOPE], None).await;
        let token =
            token.map_err(|e| failure(unavailable(format!("no token for Graph: {e}"), true, None), true))?;
        let mut request: RequestBuilder =
            self.client.request(ask.method.clone(), &ask.url).bearer_auth(token.token.secret());
        if ask.eventual {
            request = request.header("consistencylevel", "eventual");
        }
        if let Some(body) = ask.body {
            request = request.json(body);
        } else if ask.method == Method::POST {
            // without a length, what stands before Graph answers 411
            request = request.header(CONTENT_LENGTH, 0);
        }
        let answer = request.send().await.map_err(|e| {
            let undone = e.is_connect();
            failure(unavailable(told(e), true, None), undone)
        })?;
        let status = answer.status();
        let wait = retry_after(answer.headers());
        let bytes = wire::read(answer, LARGEST).await.map_err(|unread| failure(unread.into(), false))?;
        if status.is_success() {
            Ok(bytes)
        } else {
            Err(failure(classify(status, wait, &bytes), matches!(status.as_u16(), 429 | 503)))
        }
    }
}

/// An error, and whether the request may be sent again.
struct Failure {
    error: Error,
    repeat: bool,
}

impl Again for Failure {
    fn again(&self) -> bool {
        self.repeat && matches!(self.error, Error::Unavailable { again: true, .. })
    }

    fn wait(&self) -> Option<Duration> {
        if let Error::Unavailable { wait, .. } = self.error { wait } else { None }
    }
}

impl From<Unread> for Error {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Broken(why) => unavailable(why, true, None),
            Unread::TooLarge(_) => Self::Refused { status: 200, message: unread.to_string() },
        }
    }
}

fn unavailable(why: String, again: bool, wait: Option<Duration>) -> Error {
    Error::Unavailable { why, again, wait }
}

/// Reads a refusal: which kind it is, and whether asking again can help. Graph's words go to the log alone.
fn classify(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Error {
    let message = match serde_json::from_slice::<Refusal>(body) {
        Ok(Refusal { error }) => format!("{}: {}", error.code, error.message),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let message: String = message.chars().take(300).collect();
    let again = wait.is_none_or(|w| w <= LONGEST_WAIT);
    match status.as_u16() {
        401 | 403 => Error::Denied(message),
        404 => Error::NotFound(message),
        408 | 429 | 500..=599 => unavailable(format!("{status}: {message}"), again, wait),
        status => Error::Refused { status, message },
    }
}
