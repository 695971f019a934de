//! Members' calls through the Functions host.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{Person, World};

/// A client of the host, with as many connections as there are callers at once.
pub struct Host {
    functions: String,
    client: reqwest::Client,
}

/// What came back, and after which time.
pub struct Answer {
    pub status: u16,
    pub text: String,
    pub took: Duration,
}

impl Answer {
    /// The body of a call that went well.
    pub fn good(&self) -> Value {
        assert!(self.status < 300, "{} {}", self.status, self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Host {
    pub fn of(world: &World) -> Self {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { functions: world.functions.clone(), client }
    }

    pub async fn start(&self, person: &Person) -> Answer {
        self.send(self.client.post(self.url("start")).body(r#"{"profile":"steady"}"#), person).await
    }

    pub async fn stop(&self, person: &Person) -> Answer {
        self.send(self.client.post(self.url("stop")), person).await
    }

    pub async fn status(&self, person: &Person) -> Answer {
        self.send(self.client.get(self.url("status")), person).await
    }

    fn url(&self, function: &str) -> String {
        format!("{}/api/{function}", self.functions)
    }

    async fn send(&self, request: reqwest::RequestBuilder, person: &Person) -> Answer {
        let begun = Instant::now();
        let request = request.bearer_auth(&person.token).header("content-type", "application/json");
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap_or_else(|e| format!("broke off: {e}"));
                Answer { status, text, took: begun.elapsed() }
            }
            // a connection that is refused is an error of the measured, not of the measurement
            Err(error) => Answer { status: 599, text: format!("{error:?}"), took: begun.elapsed() },
        }
    }
}
