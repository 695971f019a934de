//! The person at the other end of a workspace's tunnel: an editor, and commands inside.

use serde_json::{Value, json};

use super::control;

/// The other end of a tunnel.
pub struct Editor {
    path: String,
}

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub struct Ran {
    pub status: i64,
    pub text: String,
}

impl Editor {
    /// Of the workspace with that status, which is connected.
    pub fn of(status: &Value) -> Self {
        let tunnel = status["address"].as_str().and_then(|address| address.rsplit('/').next()).unwrap();
        Self { path: format!("/tunnels/{tunnel}") }
    }

    async fn post(&self, verb: &str, body: Value) -> Value {
        control("POST", &format!("{}/{verb}", self.path), body).await
    }

    /// Opens a window, with a terminal in it.
    pub async fn open(&self) {
        self.post("open", json!({})).await;
    }

    /// Types a text and Enter in the terminal.
    pub async fn type_in(&self, text: &str) {
        self.post("type", json!({ "text": text })).await;
    }

    /// Types for a moment in a document.
    pub async fn work(&self) {
        self.post("type", json!({})).await;
    }

    pub async fn close(&self) {
        self.post("close", json!({})).await;
    }

    /// What the window's terminal shows.
    pub async fn screen(&self) -> String {
        let shown = control("GET", &format!("{}/screen", self.path), json!(null)).await;
        shown["screen"].as_str().unwrap().to_owned()
    }

    /// Runs something inside.
    pub async fn exec(&self, command: &[&str]) -> Ran {
        let done = self.post("exec", json!({ "command": command })).await;
        let text = |name: &str| done[name].as_str().unwrap().to_owned();
        Ran { status: done["status"].as_i64().unwrap(), text: text("stdout") + &text("stderr") }
    }
}
