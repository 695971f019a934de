//! A person of the world, with tokens as Entra would give them, and as nobody should get them.

use serde_json::{Value, json};

use super::{control, eventually, get};

/// Somebody whom the world's directory knows.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub oid: String,
}

/// A bearer token.
#[derive(Clone, Debug)]
pub struct Token(pub String);

impl Person {
    /// Somebody new, of the default installation's group.
    pub async fn new() -> Self {
        Self::made(json!({})).await
    }

    /// An admin, who is by that no member.
    pub async fn admin() -> Self {
        Self::made(json!({ "admin": true, "member": false })).await
    }

    pub async fn made(wish: Value) -> Self {
        let person = control("POST", "/people", wish).await;
        let text = |name: &str| person[name].as_str().unwrap().to_owned();
        Self { name: text("name"), oid: text("oid") }
    }

    /// Is added to the group of their installation.
    pub async fn join(&self) {
        control("PATCH", &format!("/people/{}", self.name), json!({ "member": true })).await;
    }

    /// Is removed from it.
    pub async fn leave(&self) {
        control("PATCH", &format!("/people/{}", self.name), json!({ "member": false })).await;
    }

    pub async fn token(&self) -> Token {
        self.token_with(json!({})).await
    }

    /// A token that differs from a good one, as the control address reads it.
    pub async fn token_with(&self, difference: Value) -> Token {
        let mut wish = json!({ "person": self.name });
        wish.as_object_mut().unwrap().extend(difference.as_object().unwrap().clone());
        let answer = control("POST", "/tokens", wish).await;
        Token(answer["token"].as_str().unwrap().to_owned())
    }

    pub fn namespace(&self) -> String {
        format!("dc-{}", self.oid)
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace())
    }

    pub fn set_path(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/statefulsets/workspace", self.namespace())
    }

    /// The person's StatefulSet.
    pub async fn set(&self) -> Option<Value> {
        get(&self.set_path()).await
    }

    /// The person's pods.
    pub async fn pods(&self) -> Vec<Value> {
        let list = get(&self.path("pods")).await.unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// What their namespace says of their leaving; none where they have not left.
    pub async fn left(&self) -> Option<Value> {
        let namespace = get(&format!("/api/v1/namespaces/{}", self.namespace())).await?;
        let text = namespace["metadata"]["annotations"]["dcaas.dev/left"].as_str()?.to_owned();
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Waits until their workspace is gone.
    pub async fn gone(&self) {
        eventually("the workspace is gone", || async { self.set().await.is_none().then_some(()) }).await;
    }

    /// Waits until they have a workspace.
    pub async fn there(&self) {
        eventually("a workspace", || self.set()).await;
    }
}
