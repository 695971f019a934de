//! The API, as the command line calls it.

use std::time::Duration;

use reqwest::{Method, Response, Url};
use serde::Deserialize;
use serde_json::Value;

use super::fault::{Fault, REFUSED, UNAVAILABLE, UNEXPECTED};

/// How long an answer may take to begin. What the API does itself ends earlier.
const PATIENCE: Duration = Duration::from_secs(180);

/// The API at one address, with a token or without.
pub struct Api {
    base: Url,
    client: reqwest::Client,
    token: Option<String>,
    member: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    next: Option<String>,
}

/// An answer that is no problem.
pub struct Answer {
    pub body: Value,
    /// When asking again makes sense.
    pub retry_after: Option<Duration>,
}

/// Reads an address. A token goes over https alone, or stays on this machine.
pub fn address(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).ok().filter(|url| {
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        url.scheme() == "https" || (url.scheme() == "http" && here)
    });
    url.ok_or_else(|| {
        Fault::new(REFUSED, format!("'{text}' is no address of dcaas"))
            .next("Give --url as https://…, the address of the function app.")
    })
}

impl Api {
    pub fn new(base: Url) -> Result<Self, Fault> {
        // without a bound on the whole: a log is followed for minutes
        let client =
            reqwest::Client::builder().connect_timeout(Duration::from_secs(15)).user_agent("dcaas").build();
        let client = client.map_err(|e| Fault::new(UNEXPECTED, format!("no client can be made: {e}")))?;
        Ok(Self { base, client, token: None, member: None })
    }

    pub fn with(mut self, token: Option<String>, member: Option<String>) -> Self {
        self.token = token;
        self.member = member;
        self
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    pub async fn get(&self, name: &str, query: &[(&str, &str)]) -> Result<Answer, Fault> {
        read(self.send(Method::GET, name, query, None).await?).await
    }

    pub async fn post(&self, name: &str, body: Value) -> Result<Answer, Fault> {
        read(self.send(Method::POST, name, &[], Some(body)).await?).await
    }

    /// A text, as it comes.
    pub async fn stream(&self, name: &str, query: &[(&str, &str)]) -> Result<Response, Fault> {
        self.send(Method::GET, name, query, None).await
    }

    async fn send(
        &self,
        method: Method,
        name: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Response, Fault> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/api/{name}", self.base.path().trim_end_matches('/')));
        let mut request = self.client.request(method, url).query(query);
        if let Some(member) = &self.member {
            request = request.query(&[("member", member)]);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let silent = |why: String| {
            Fault::new(UNAVAILABLE, format!("{} does not answer: {why}", self.base))
                .next("Look at the address and at your network, and try again.")
        };
        let answer = match tokio::time::timeout(PATIENCE, request.send()).await {
            Err(_) => return Err(silent(format!("nothing within {PATIENCE:?}"))),
            Ok(Err(e)) => return Err(silent(causes(&e.without_url()))),
            Ok(Ok(answer)) => answer,
        };
        if answer.status().is_success() { Ok(answer) } else { Err(refused(answer).await) }
    }
}

async fn read(answer: Response) -> Result<Answer, Fault> {
    let after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let broken =
        |e: &dyn std::fmt::Display| Fault::new(UNAVAILABLE, format!("the answer can not be read: {e}"));
    let text = answer.text().await.map_err(|e| broken(&e))?;
    let body = serde_json::from_str(&text).map_err(|e| broken(&e))?;
    Ok(Answer { body, retry_after: after.map(Duration::from_secs) })
}

async fn refused(answer: Response) -> Fault {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap_or_default();
    match serde_json::from_str::<Problem>(&text) {
        Ok(Problem { detail, next }) => Fault::of(status, detail, next),
        Err(_) => Fault::of(status, format!("there is no dcaas at this address: it answered {status}"), None)
            .next("Look at the address. If it is right, tell an admin."),
    }
}

/// An error with its causes, on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_https_or_stays_here() {
        for (text, good) in [
            ("https://dcaas.azurewebsites.net", true),
            ("http://127.0.0.1:7071", true),
            ("http://localhost:7071/", true),
            ("http://dcaas.azurewebsites.net", false),
            ("http://127.0.0.1.evil.example", false),
            ("dcaas.azurewebsites.net", false),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(address(text).is_ok(), good, "{text}");
        }
    }
}
