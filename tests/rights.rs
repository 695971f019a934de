//! What the function app may do in the cluster and what it may not, tried with its own token.

mod bindings;
mod foreign;
mod namespaces;
mod pods;
mod volumes;

use serde_json::{Value, json};

use crate::world::{Installation, Person, client, control, eventually, facts};

/// The application that tokens for every AKS cluster are made for.
const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// The installation's identity, as it meets the API server.
struct Function {
    dcaas: Installation,
    token: String,
}

/// A request to the API server. Everything that might succeed by mistake is a dry run: rights and policies are
/// the same.
#[derive(Clone)]
struct Try {
    method: &'static str,
    path: String,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Try {
    fn new(method: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self { method, path: path.into(), body, headers: Vec::new() }
    }

    fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, json!(null))
    }

    fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path, json!(null)).dry()
    }

    fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new("POST", path, body).dry()
    }

    fn patch(path: impl Into<String>, body: Value) -> Self {
        Self::new("PATCH", path, body).dry()
    }

    /// Server-side apply, which makes or changes.
    fn apply(path: impl Into<String>, body: Value) -> Self {
        let mut this = Self::patch(path, body);
        this.path += "&fieldManager=dcaas&force=true";
        this.headers.push(("content-type", "application/apply-patch+yaml".into()));
        this
    }

    fn dry(mut self) -> Self {
        self.path += if self.path.contains('?') { "&dryRun=All" } else { "?dryRun=All" };
        self
    }

    /// For real.
    fn wet(mut self) -> Self {
        self.path = self.path.replace("dryRun=All", "");
        self
    }

    fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    async fn send(&self, url: &str, token: Option<&str>) -> (u16, Value) {
        let url = format!("{}{}", url.trim_end_matches('/'), self.path);
        let mut request = client().request(self.method.parse().unwrap(), url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            let kind =
                if self.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
            request = request.header("content-type", kind);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.body.is_null() {
            request = request.body(self.body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// As an admin of the cluster.
    async fn as_admin(&self) -> (u16, Value) {
        self.send(&format!("{}/kubernetes", facts()["control"].as_str().unwrap().trim_end_matches('/')), None)
            .await
    }
}

impl Function {
    /// Of an installation of its own, once its policies count.
    async fn new() -> Self {
        let this = Self::of(Installation::new(json!({})).await).await;
        // a policy counts a moment after it was applied
        for (path, body) in [
            (
                "/api/v1/namespaces",
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "x" } }),
            ),
            ("/api/v1/persistentvolumes", volumes::host_path("x", "x")),
            (&bindings::all("default"), bindings::good(&this, "x")),
        ] {
            eventually("the policies count", || async {
                (this.ask(&Try::post(path, body.clone())).await.0 == 403).then_some(())
            })
            .await;
        }
        this
    }

    async fn of(dcaas: Installation) -> Self {
        let path = format!("/installations/{}/identity/token", dcaas.name);
        let answer = control("POST", &path, json!({ "resource": AKS })).await;
        Self { token: answer["token"].as_str().unwrap().to_owned(), dcaas }
    }

    async fn ask(&self, request: &Try) -> (u16, Value) {
        request.send(self.dcaas.facts["kubernetes"].as_str().unwrap(), Some(&self.token)).await
    }

    async fn may(&self, what: &str, request: Try) -> Value {
        let (status, body) = self.ask(&request).await;
        assert!(status < 300, "it needs to {what}: {} {}: {status} {body}", request.method, request.path);
        body
    }

    async fn may_not(&self, what: &str, request: Try) -> String {
        let (status, body) = self.ask(&request).await;
        assert_eq!(status, 403, "{what}: {} {}: {body}", request.method, request.path);
        body["message"].as_str().unwrap_or_default().to_owned()
    }

    /// Not for want of a right, but because a policy says so.
    async fn is_denied(&self, policy: &str, what: &str, request: Try) {
        let told = self.may_not(what, request).await;
        let name = format!("'dcaas-{}-{policy}'", self.dcaas.name);
        assert!(told.contains("ValidatingAdmissionPolicy") && told.contains(&name), "{what}: {told}");
    }

    /// A member of the default installation, which is another one.
    async fn foreigner() -> Person {
        Installation::first().await.member().await
    }
}
