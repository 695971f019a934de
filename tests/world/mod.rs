//! The world as tests meet it: people, installations, requests through the Functions host, and patience.

mod blobs;
mod editor;
mod graph;
mod inside;
mod installation;
mod machines;
mod person;

use std::{
    future::Future,
    process::{Command, Output},
    sync::OnceLock,
    time::Duration,
};

use serde_json::{Value, json};

pub use editor::Editor;
pub use graph::{add, directory, enable, new_group, take_out};
pub use inside::Inside;
pub use installation::{Answer, Installation, cluster_faults, sign_in};
pub use machines::{break_machines, mend_machines, profiles, with_profiles};
pub use person::{Person, Token};

/// How long anything may take that the world does by itself: an agent, a page and Kubernetes' own collector look once a
/// minute, on a machine that has much else to do. Not a measurement: tests assert no speed.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A piece of a shell's script that, over and over, takes a fifth of a core: work, and it leaves other tests theirs.
pub const WORK: &str = "n=0; while [ $n -lt 50000 ]; do n=$((n+1)); done; /bin/sleep 0.2";

/// The world that runs, from the file that it writes when it is up.
pub fn facts() -> &'static Value {
    static FACTS: OnceLock<Value> = OnceLock::new();
    FACTS.get_or_init(|| {
        let file = std::env::var("DCAAS_WORLD").expect(
            "these tests need a world: run `cargo xtask test`, which starts one and says where it is",
        );
        let text = std::fs::read(&file).unwrap_or_else(|e| panic!("no world is up: {file}: {e}"));
        serde_json::from_slice(&text).unwrap()
    })
}

/// A client that trusts the world's certificates.
pub fn client() -> reqwest::Client {
    // whichever test comes first installs it
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    trusting().build().unwrap()
}

/// The same before it is built.
pub fn trusting() -> reqwest::ClientBuilder {
    let ca = std::fs::read(facts()["ca"].as_str().unwrap()).unwrap();
    let ca = reqwest::Certificate::from_pem(&ca).unwrap();
    reqwest::Client::builder().tls_certs_only([ca])
}

/// Asks the world's control address.
pub async fn control(method: &str, path: &str, body: Value) -> Value {
    let url = format!("{}{path}", facts()["control"].as_str().unwrap().trim_end_matches('/'));
    let mut request = client().request(method.parse().unwrap(), &url);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "control {method} {path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// kubectl as an admin of the cluster.
pub fn kubectl(arguments: &[&str]) -> Output {
    let text = |name: &str| facts()[name].as_str().unwrap();
    let mut kubectl = Command::new(text("kubernetes"));
    kubectl.arg("kubectl").args(arguments).env("KUBECONFIG", text("kubeconfig")).output().unwrap()
}

/// Asks the API server as an admin of the cluster; what is not there is none.
pub async fn kubernetes(method: &str, path: &str, body: Value) -> Option<Value> {
    let url = format!("{}/kubernetes{path}", facts()["control"].as_str().unwrap().trim_end_matches('/'));
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let mut request = client().request(method.parse().unwrap(), &url).header("content-type", kind);
    if !body.is_null() {
        request = request.body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    if status == 404 {
        return None;
    }
    assert!(status < 300, "{method} {path}: {status} {text}");
    Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub async fn get(path: &str) -> Option<Value> {
    kubernetes("GET", path, json!(null)).await
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
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}
