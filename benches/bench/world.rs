//! The world as the benchmark meets it: its control address, people and their tokens.

use std::{ffi::OsStr, future::Future, time::Duration};

use futures::{StreamExt, stream};
use serde_json::{Value, json};

/// What the world may take for anything that it does by itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// A world that runs.
pub struct World {
    pub functions: String,
    pub kubeconfig: String,
    /// What its machines are.
    pub node: String,
    /// The world's process.
    pub pid: u32,
    pub control: String,
    pub client: reqwest::Client,
}

/// A person with a token that lasts for the whole benchmark.
#[derive(Clone)]
pub struct Person {
    pub oid: String,
    pub token: String,
}

impl Person {
    pub fn namespace(&self) -> String {
        format!("dc-{}", self.oid)
    }

    /// The path of the person's StatefulSet.
    pub fn set(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/statefulsets/workspace", self.namespace())
    }
}

impl World {
    /// Reads the file that a world writes when it is up.
    pub fn read(file: &OsStr) -> Self {
        let text = std::fs::read(file).unwrap_or_else(|e| panic!("no world is up: {}: {e}", file.display()));
        let facts: Value = serde_json::from_slice(&text).unwrap();
        let text = |name: &str| facts[name].as_str().unwrap().trim_end_matches('/').to_owned();
        // all of it is plain HTTP on loopback
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self {
            functions: text("functions"),
            kubeconfig: text("kubeconfig"),
            node: text("node"),
            pid: u32::try_from(facts["pid"].as_u64().unwrap()).unwrap(),
            control: text("control"),
            client,
        }
    }

    /// Asks the control address.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.control));
        let answer = request.json(&body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// So many new members of the group, not provisioned yet.
    pub async fn people(&self, count: usize) -> Vec<Person> {
        let person = |_| async {
            let person = self.control("POST", "/people", json!({})).await;
            let token = self.control("POST", "/tokens", json!({ "person": person["name"] })).await;
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            Person { oid: text(&person["oid"]), token: text(&token["token"]) }
        };
        stream::iter(0..count).map(person).buffer_unordered(16).collect().await
    }

    /// Puts a person's message on the queue.
    pub async fn enqueue(&self, person: &Person) {
        let message = json!({ "v": 1, "member": person.oid, "after": 0 });
        self.control("POST", "/installations/dcaas/queues/members", message).await;
    }
}

/// Asks again and again until there is an answer.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}
