//! A look into the queues of an installation from outside, as somebody with a right to storage.

use crate::{azurite::Account, entra::Tokens};
use anyhow::{Context, Result, bail};
use reqwest::{Client, Method, Response};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// A version that Azurite takes and that has bearer tokens.
const VERSION: &str = "2025-11-05";

/// The queues of one storage account.
#[derive(Clone)]
pub struct Queues {
    pub account: Account,
    pub tokens: Arc<Tokens>,
    pub client: Client,
}

/// A message as a peek shows it.
#[derive(Debug, PartialEq, Serialize)]
pub struct Message {
    pub text: String,
    pub dequeue_count: u32,
}

impl Queues {
    /// Makes a queue; one that is there already is as good.
    ///
    /// # Errors
    /// With what the storage answered.
    pub async fn make(&self, queue: &str) -> Result<()> {
        self.call(Method::PUT, queue, None).await.map(|_| ())
    }

    /// Puts a message on a queue, with its text as it is.
    ///
    /// # Errors
    /// With what the storage answered.
    pub async fn put(&self, queue: &str, text: &str) -> Result<()> {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = format!("<QueueMessage><MessageText>{escaped}</MessageText></QueueMessage>");
        self.call(Method::POST, &format!("{queue}/messages"), Some(body)).await.map(|_| ())
    }

    /// The first 32 messages that nobody holds; none of a queue that is not there.
    ///
    /// # Errors
    /// With what the storage answered.
    pub async fn peek(&self, queue: &str) -> Result<Vec<Message>> {
        let path = format!("{queue}/messages?peekonly=true&numofmessages=32");
        Ok(messages(&self.call(Method::GET, &path, None).await?))
    }

    async fn call(&self, method: Method, path: &str, body: Option<String>) -> Result<String> {
        let url = self.account.queue.join(path).with_context(|| format!("`{path}` is no queue's name"))?;
        let expires = chrono::Utc::now().timestamp() + 600;
        let nobody = Uuid::nil();
        let token = self.tokens.issue_app(nobody, nobody, "https://storage.azure.com", expires)?;
        let looking = method == Method::GET;
        let request = self
            .client
            .request(method, url)
            .bearer_auth(token)
            .header("x-ms-version", VERSION)
            .header("x-ms-date", chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .timeout(std::time::Duration::from_secs(10))
            .body(body.unwrap_or_default());
        let answer: Response = request.send().await.context("storage does not answer")?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        // a poison queue is made by the first message that goes there
        if status == reqwest::StatusCode::NOT_FOUND && looking {
            return Ok(String::new());
        }
        if !status.is_success() {
            bail!("storage answers {status}: {text}");
        }
        Ok(text)
    }
}

/// The messages in a list as storage writes it.
fn messages(xml: &str) -> Vec<Message> {
    let part = |text: &str, name: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(unescape(rest.split_once(&format!("</{name}>"))?.0))
    };
    let message = |text: &str| Message {
        text: part(text, "MessageText").unwrap_or_default(),
        dequeue_count: part(text, "DequeueCount").and_then(|count| count.parse().ok()).unwrap_or_default(),
    };
    xml.split("<QueueMessage>").skip(1).map(message).collect()
}

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&#xD;", "\r"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_messages_is_read() {
        let xml = "<?xml version=\"1.0\"?><QueueMessagesList><QueueMessage><MessageId>1</MessageId>\
                   <DequeueCount>2</DequeueCount><MessageText>{&quot;a&quot;:&lt;1&gt; &amp;amp;}</MessageText>\
                   </QueueMessage><QueueMessage><DequeueCount>0</DequeueCount><MessageText/></QueueMessage>\
                   </QueueMessagesList>";
        let message = |text: &str, dequeue_count| Message { text: text.into(), dequeue_count };
        assert_eq!(messages(xml), [message("{\"a\":<1> &amp;}", 2), message("", 0)]);
        assert_eq!(messages(""), []);
    }
}
