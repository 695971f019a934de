//! The host's own storage account by Shared Key: the verbs of a queue trigger, and the blob of a timer's status.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use http::StatusCode;
use hyper::body::Bytes;
use reqwest::{Client, Method, Response, Url};
use serde::Deserialize;

const VERSION: &str = "2025-11-05";

/// The account that a connection string names.
#[derive(Clone)]
pub struct Account {
    name: String,
    key: hmac::Key,
    queue: Url,
    blob: Url,
    client: Client,
}

/// A message taken from a queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    pub message_id: String,
    pub pop_receipt: String,
    #[serde(rename = "MessageText", default)]
    pub text: String,
    pub dequeue_count: u64,
    #[serde(deserialize_with = "rfc1123")]
    pub insertion_time: DateTime<Utc>,
    #[serde(deserialize_with = "rfc1123")]
    pub expiration_time: DateTime<Utc>,
    #[serde(deserialize_with = "rfc1123")]
    pub time_next_visible: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Messages {
    #[serde(rename = "QueueMessage", default)]
    messages: Vec<Message>,
}

fn rfc1123<'de, D: serde::Deserializer<'de>>(text: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(text)?;
    DateTime::parse_from_rfc2822(&text).map(|at| at.to_utc()).map_err(serde::de::Error::custom)
}

impl Account {
    /// Reads a connection string with AccountName, AccountKey, QueueEndpoint and BlobEndpoint.
    pub fn parse(connection: &str, client: Client) -> Result<Self> {
        let part = |name: &str| {
            let found =
                connection.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
            found
                .map(|(_, value)| value)
                .with_context(|| format!("the setting AzureWebJobsStorage has no {name}"))
        };
        let key = BASE64_STANDARD.decode(part("AccountKey")?).context("AccountKey is not base64")?;
        let url = |name: &str| -> Result<Url> {
            let text = part(name)?;
            Url::parse(&format!("{}/", text.trim_end_matches('/')))
                .with_context(|| format!("{name} is no URL"))
        };
        Ok(Self {
            name: part("AccountName")?.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            queue: url("QueueEndpoint")?,
            blob: url("BlobEndpoint")?,
            client,
        })
    }

    /// Up to `most` messages, invisible to others for `lease`; none where there is no such queue.
    pub async fn take(&self, queue: &str, most: u64, lease: Duration) -> Result<Vec<Message>> {
        let query = format!("{queue}/messages?numofmessages={most}&visibilitytimeout={}", lease.as_secs());
        let answer = self.send(Method::GET, self.queue.join(&query)?, &[], Bytes::new()).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let text = good(answer, "messages can not be read").await?.text().await?;
        Ok(quick_xml::de::from_str::<Messages>(text.trim_start_matches('\u{feff}'))?.messages)
    }

    /// Deletes a message; one that is gone or taken by others is as good as deleted.
    pub async fn delete(&self, queue: &str, id: &str, pop_receipt: &str) -> Result<()> {
        let mut url = self.queue.join(&format!("{queue}/messages/{id}"))?;
        url.query_pairs_mut().append_pair("popreceipt", pop_receipt);
        let answer = self.send(Method::DELETE, url, &[], Bytes::new()).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        good(answer, "a message can not be deleted").await.map(drop)
    }

    /// Keeps a message invisible for `span` from now: its new pop receipt, none when it is no longer ours.
    pub async fn hide(
        &self,
        queue: &str,
        id: &str,
        pop_receipt: &str,
        span: Duration,
    ) -> Result<Option<String>> {
        let mut url = self.queue.join(&format!("{queue}/messages/{id}"))?;
        let seconds = span.as_secs().to_string();
        url.query_pairs_mut()
            .append_pair("popreceipt", pop_receipt)
            .append_pair("visibilitytimeout", &seconds);
        let answer = self.send(Method::PUT, url, &[], Bytes::new()).await?;
        if matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST) {
            return Ok(None);
        }
        let answer = good(answer, "a message can not be updated").await?;
        let receipt = answer.headers().get("x-ms-popreceipt").and_then(|value| value.to_str().ok());
        Ok(Some(receipt.context("the answer to an update names no pop receipt")?.to_owned()))
    }

    /// Puts a message, and makes the queue if there is none.
    pub async fn put(&self, queue: &str, text: &str) -> Result<()> {
        let made = self.send(Method::PUT, self.queue.join(queue)?, &[], Bytes::new()).await?;
        good(made, "a queue can not be made").await?;
        let body = format!(
            "<QueueMessage><MessageText>{}</MessageText></QueueMessage>",
            quick_xml::escape::escape(text)
        );
        let url = self.queue.join(&format!("{queue}/messages"))?;
        let answer = self.send(Method::POST, url, &[], body.into()).await?;
        good(answer, "a message can not be put").await.map(drop)
    }

    /// A blob's bytes, none where there is no such blob.
    pub async fn read(&self, path: &str) -> Result<Option<Bytes>> {
        let answer = self.send(Method::GET, self.blob.join(path)?, &[], Bytes::new()).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(good(answer, "a blob can not be read").await?.bytes().await?))
    }

    /// Writes a blob over what is there, and makes the container if there is none.
    pub async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        let kind = [("x-ms-blob-type", "BlockBlob")];
        let answer = self.send(Method::PUT, self.blob.join(path)?, &kind, bytes.clone()).await?;
        if answer.status() != StatusCode::NOT_FOUND {
            return good(answer, "a blob can not be written").await.map(drop);
        }
        let container = path.split('/').next().unwrap_or_default();
        let made = self.blob.join(&format!("{container}?restype=container"))?;
        self.send(Method::PUT, made, &[], Bytes::new()).await?;
        let answer = self.send(Method::PUT, self.blob.join(path)?, &kind, bytes).await?;
        good(answer, "a blob can not be written").await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response> {
        let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let mut signed = vec![("x-ms-date", date.as_str()), ("x-ms-version", VERSION)];
        signed.extend_from_slice(headers);
        signed.sort_unstable();
        let text = to_sign(&self.name, method.as_str(), &url, &signed, body.len());
        let signature = BASE64_STANDARD.encode(hmac::sign(&self.key, text.as_bytes()));
        let mut request = self.client.request(method, url).timeout(Duration::from_secs(30));
        for (name, value) in signed {
            request = request.header(name, value);
        }
        request = request.header("authorization", format!("SharedKey {}:{signature}", self.name));
        request
            .header("content-length", body.len())
            .body(body)
            .send()
            .await
            .context("the storage account did not answer")
    }
}

/// The text that Shared Key signs; `headers` are the x-ms- ones, sorted.
fn to_sign(account: &str, method: &str, url: &Url, headers: &[(&str, &str)], length: usize) -> String {
    let length = if length == 0 { String::new() } else { length.to_string() };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let mut query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.to_lowercase(), value.into())).collect();
    query.sort();
    let query: String = query.iter().map(|(name, value)| format!("\n{name}:{value}")).collect();
    // verb, encoding, language, length, md5, type, date, four conditions, range
    format!("{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{headers}/{account}{}{query}", url.path())
}

async fn good(answer: Response, what: &str) -> Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let code =
        answer.headers().get("x-ms-error-code").and_then(|value| value.to_str().ok()).unwrap_or_default();
    bail!("{what}: the storage account answered {status} {code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_key_signs_path_style_addresses_with_the_account_twice() {
        let url =
            Url::parse("https://127.0.0.1:1/acct/members/messages?visibilitytimeout=600&numofmessages=16")
                .unwrap();
        let text = to_sign("acct", "GET", &url, &[("x-ms-date", "d"), ("x-ms-version", "v")], 0);
        let wanted = "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:d\nx-ms-version:v\n/acct/acct/members/messages\nnumofmessages:16\nvisibilitytimeout:600";
        assert_eq!(text, wanted);
    }

    #[test]
    fn messages_are_read_from_the_services_xml() {
        let one = "<QueueMessage><MessageId>i</MessageId><InsertionTime>Thu, 01 Oct 2026 12:00:00 GMT</InsertionTime>\
            <ExpirationTime>Thu, 08 Oct 2026 12:00:00 GMT</ExpirationTime><PopReceipt>p+=</PopReceipt>\
            <TimeNextVisible>Thu, 01 Oct 2026 12:10:00 GMT</TimeNextVisible><DequeueCount>2</DequeueCount>\
            <MessageText>{&quot;v&quot;:1} &lt;</MessageText></QueueMessage>";
        let list = |inner: &str| {
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><QueueMessagesList>{inner}</QueueMessagesList>"
            )
        };
        let two = quick_xml::de::from_str::<Messages>(&list(&one.repeat(2))).unwrap().messages;
        assert_eq!((two.len(), two[0].text.as_str(), two[0].dequeue_count), (2, "{\"v\":1} <", 2));
        assert!(quick_xml::de::from_str::<Messages>(&list("")).unwrap().messages.is_empty());
    }
}
