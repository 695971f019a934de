//! Graph over the wire: each rule that it imitates, with the page that it is written on (`learn: graph/…`).

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod changes;
mod lifecycle;
mod members;
mod notifications;
mod rights;
mod subscriber;
mod subscriptions;
mod troubles;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use sandbox::certificates::Authority;
use sandbox::entra::Entra;
use sandbox::graph::Graph;
use sandbox::graph::directory::{Directory, User};
use sandbox::strict::Oddities;
use serde_json::{Value, json};
use uuid::Uuid;

/// What dcaas is granted.
const READER: [&str; 2] = ["Group.Read.All", "User.Read.All"];
/// Whoever changes groups and users.
const ADMIN: [&str; 2] = ["Group.ReadWrite.All", "User.ReadWrite.All"];

/// A tenant with one group in it, and an application.
struct Scene {
    entra: Entra,
    graph: Graph,
    directory: Arc<Directory>,
    client: Client,
    oddities: Oddities,
    group: Uuid,
    app: Uuid,
    reader: String,
    admin: String,
}

async fn scene() -> Scene {
    let ca = Authority::new().unwrap();
    let client = ca.client().unwrap();
    let oddities = Oddities::new();
    let entra = Entra::start(&ca, oddities.clone()).await.unwrap();
    let directory = Arc::new(Directory::default());
    let graph = Graph::start(&ca, entra.tokens(), directory.clone(), oddities.clone()).await.unwrap();
    let (group, app) = (Uuid::new_v4(), Uuid::new_v4());
    directory.add_group(group, "developers");
    let (reader, admin) = (token(&entra, app, &READER), token(&entra, Uuid::new_v4(), &ADMIN));
    Scene { entra, graph, directory, client, oddities, group, app, reader, admin }
}

/// A token for Graph.
fn token(entra: &Entra, app: Uuid, roles: &[&str]) -> String {
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    let ends = chrono::Utc::now().timestamp() + 600;
    let audience = "https://graph.microsoft.com";
    entra.tokens().issue_app_with(app, Uuid::new_v4(), audience, ends, &roles).unwrap()
}

impl Scene {
    /// Another token of the application.
    fn token(&self, roles: &[&str]) -> String {
        token(&self.entra, self.app, roles)
    }

    /// A new user.
    fn user(&self, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        let username = format!("{name}@example.com");
        self.directory.put_user(id, User { name: name.to_owned(), username, enabled: true });
        id
    }

    /// Whole addresses go as they are, all others below `v1.0/`.
    fn url(&self, path: &str) -> String {
        if path.starts_with("https:") {
            path.to_owned()
        } else {
            format!("{}v1.0/{path}", self.graph.url().unwrap())
        }
    }

    async fn send(&self, method: Method, token: &str, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, self.url(path)).bearer_auth(token);
        if path.contains("$count") {
            request = request.header("ConsistencyLevel", "eventual");
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// A GET as the application; with `$count`, it says that it bears an index that lags.
    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::GET, &self.reader, path, None).await).await
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        read(self.send(Method::POST, token, path, Some(body)).await).await
    }

    async fn patch(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        read(self.send(Method::PATCH, token, path, Some(body)).await).await
    }

    async fn delete(&self, token: &str, path: &str) -> (u16, Value) {
        read(self.send(Method::DELETE, token, path, None).await).await
    }

    /// Somebody joins, as in Azure.
    async fn join(&self, group: Uuid, member: Uuid) -> (u16, Value) {
        let reference = json!({"@odata.id": self.url(&format!("directoryObjects/{member}"))});
        self.post(&self.admin, &format!("groups/{group}/members/$ref"), reference).await
    }

    async fn leave(&self, group: Uuid, member: Uuid) -> (u16, Value) {
        self.delete(&self.admin, &format!("groups/{group}/members/{member}/$ref")).await
    }

    async fn end(self) {
        self.graph.stop().await;
        self.entra.stop().await;
        assert_eq!(self.oddities.list(), Vec::<String>::new());
    }
}

async fn read(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// The status and Graph's code of an error (learn: graph/errors).
fn error((status, body): (u16, Value)) -> (u16, String) {
    let error = &body["error"];
    assert!(error["message"].is_string() && error["innerError"]["request-id"].is_string(), "{body}");
    (status, error["code"].as_str().unwrap().to_owned())
}

/// Waits until it is so.
async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let waited = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(180), waited).await.is_ok(), "not within 180 s: {what}");
}
