//! A request and a reply of the API, free of any web framework.

use std::collections::BTreeMap;

use futures::stream::BoxStream;
use serde::{Serialize, de::DeserializeOwned};

use crate::api::problem::{Code, Problem};

/// A request, read whole.
#[derive(Clone, Default)]
pub struct Request {
    pub method: String,
    pub query: Vec<(String, String)>,
    /// Names in lower case. A header that came twice is joined by commas.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A parameter of the query.
    ///
    /// # Errors
    /// When it is given twice: nobody should have to guess which one counts.
    pub fn parameter(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Problem::new(Code::BadRequest, format!("'{name}' is given twice"))
                .next(format!("Give '{name}' once."))),
            (value, None) => Ok(value),
        }
    }

    /// Refuses parameters that the function does not have.
    ///
    /// # Errors
    /// Names the first one that is unknown. The host's own `code` passes.
    pub fn only_parameters(&self, known: &[&str]) -> Result<(), Problem> {
        match self.query.iter().find(|(key, _)| key != "code" && !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                Err(Problem::new(Code::BadRequest, format!("there is no parameter '{key}' here"))
                    .next(format!("Parameters: {}.", known.join(", "))))
            }
        }
    }

    /// The body as JSON; an empty one counts as `{}`.
    ///
    /// # Errors
    /// When it is no JSON, or has fields that nobody reads.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = if self.body.is_empty() { b"{}" } else { self.body.trim_ascii_start() };
        let refused = |why: &dyn std::fmt::Display| {
            Problem::new(Code::BadRequest, format!("the body is not what this function reads: {why}"))
                .next("Send a JSON object with the fields that the README lists, or no body.")
        };
        // serde takes a list for a struct as well: its items for the fields, in order
        if body.starts_with(b"[") {
            return Err(refused(&"it is a list"));
        }
        serde_json::from_slice(body).map_err(|e| refused(&e))
    }
}

/// A stream of bytes to the client.
pub type Bytes = BoxStream<'static, Result<Vec<u8>, std::io::Error>>;

/// What goes back.
pub struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    /// In seconds; says when asking again makes sense.
    pub retry_after: Option<u64>,
    pub body: Content,
}

/// The body of a reply: at once, as it comes, or a page for a browser.
pub enum Content {
    Whole(Vec<u8>),
    /// The policy says what the page may load and run.
    Page {
        html: String,
        policy: &'static str,
    },
    Stream(Bytes),
}

impl Reply {
    /// A JSON body.
    ///
    /// # Panics
    /// Never, for the shapes of [`crate::api::body`], which hold only what JSON can say.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("our own shapes are JSON");
        Self { status, content_type: "application/json", retry_after: None, body: Content::Whole(body) }
    }

    /// A plain text.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            retry_after: None,
            body: Content::Whole(text.as_bytes().to_vec()),
        }
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let mut reply = Self::json(problem.code.status(), &problem.body());
        reply.content_type = "application/problem+json";
        reply.retry_after = problem.code.retry_after();
        reply
    }
}
