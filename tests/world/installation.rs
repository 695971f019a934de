//! An installation: requests through its Functions host, its queue, its gate.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;
use serde_json::{Value, json};

use super::{Person, Token, client, control, eventually, facts, get, kubernetes};

/// A function app of the world.
#[derive(Clone, Debug)]
pub struct Installation {
    pub name: String,
    pub functions: String,
    pub principal: String,
    /// All that the world tells of it.
    pub facts: Value,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// Asserts that it is a problem with this status and code, for people and for programs.
    pub fn refuses(&self, status: u16, code: &str, what: &str) {
        assert_eq!(self.status, status, "{what}: {}", self.text);
        assert_eq!(self.problem(), (status, code.to_owned()), "{what}");
        assert!(!self.json()["detail"].as_str().unwrap().is_empty(), "{what}: {}", self.text);
        assert_eq!(self.headers.contains_key("www-authenticate"), status == 401, "{what}");
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text))
    }

    /// The problem's code, with the status that it came with. Every problem says what to do next.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert!(!body["next"].as_str().unwrap().is_empty(), "{body}");
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

impl Installation {
    /// The one that every world has.
    pub async fn first() -> Self {
        Self::read(&control("GET", "/installations/dcaas", json!(null)).await)
    }

    /// One of a test's own, for faults, kills and other settings.
    pub async fn new(wish: Value) -> Self {
        Self::read(&control("POST", "/installations", wish).await)
    }

    fn read(facts: &Value) -> Self {
        let text =
            |name: &str| facts[name].as_str().unwrap_or_else(|| panic!("{name} of {facts}")).to_owned();
        Self {
            name: text("name"),
            functions: text("functions").trim_end_matches('/').to_owned(),
            principal: text("principal"),
            facts: facts.clone(),
        }
    }

    /// One of a test's own, which goes when the test ends, also when it fails.
    pub async fn own<F: Future<Output = ()>>(wish: Value, test: impl FnOnce(Self) -> F) {
        let dcaas = Self::new(wish).await;
        let ended = AssertUnwindSafe(test(dcaas.clone())).catch_unwind().await;
        dcaas.remove().await;
        if let Err(failure) = ended {
            resume_unwind(failure);
        }
    }

    /// Takes it away again, and lets the machines of its members go.
    pub async fn remove(self) {
        control("DELETE", &format!("/installations/{}", self.name), json!(null)).await;
        let ours = format!("labelSelector=app.kubernetes.io/instance={}", self.name);
        let sets = get(&format!("/apis/apps/v1/statefulsets?{ours}")).await.unwrap();
        for set in sets["items"].as_array().unwrap().iter().filter(|set| set["spec"]["replicas"] != 0) {
            let namespace = set["metadata"]["namespace"].as_str().unwrap();
            let path = format!("/apis/apps/v1/namespaces/{namespace}/statefulsets/workspace");
            kubernetes("PATCH", &path, json!({ "spec": { "replicas": 0 } })).await;
        }
    }

    /// Another version: the app is put in place anew, with these settings changed.
    pub async fn change(&self, settings: Value) {
        control("PUT", &format!("/installations/{}/app", self.name), json!({ "settings": settings })).await;
    }

    /// SIGKILL to the executable; the host starts it anew.
    pub async fn kill(&self) {
        control("POST", &format!("/installations/{}/executable/kill", self.name), json!(null)).await;
    }

    /// Sends a request through the Functions host.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        client().request(method.parse().unwrap(), format!("{}{path}", self.functions))
    }

    /// The same request to each function that asks who the caller is.
    pub async fn everywhere(
        &self,
        change: impl Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Vec<(&'static str, Answer)> {
        let mut answers = Vec::new();
        for (method, path) in
            [("GET", "/api/status"), ("GET", "/api/logs"), ("POST", "/api/start"), ("POST", "/api/stop")]
        {
            let mut request = self.request(method, path);
            if method == "POST" {
                request = request.json(&json!({}));
            }
            answers.push((path, self.send(change(request)).await));
        }
        answers
    }

    pub async fn get(&self, token: &Token, path: &str) -> Answer {
        self.send(self.request("GET", path).bearer_auth(&token.0)).await
    }

    pub async fn post(&self, token: &Token, path: &str, body: Value) -> Answer {
        self.send(self.request("POST", path).bearer_auth(&token.0).json(&body)).await
    }

    pub async fn start(&self, token: &Token, body: Value) -> Answer {
        self.post(token, "/api/start", body).await
    }

    pub async fn stop(&self, token: &Token) -> Answer {
        self.post(token, "/api/stop", json!({})).await
    }

    /// A start whose policies are in hours: for every test that is not about time.
    pub async fn start_steady(&self, token: &Token) -> Answer {
        self.start(token, json!({ "profile": "steady" })).await
    }

    pub async fn status(&self, token: &Token) -> Value {
        let answer = self.get(token, "/api/status").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Waits until the status says a phase.
    pub async fn until(&self, token: &Token, phase: &str) -> Value {
        let last = std::sync::Mutex::new(Value::Null);
        let what = format!("phase {phase}");
        let asked = async {
            eventually(&what, || async {
                let status = self.status(token).await;
                *last.lock().unwrap() = status.clone();
                (status["phase"] == phase).then_some(status)
            })
            .await
        };
        asked.await
    }

    /// Compares the group with the cluster, as the timer does.
    pub async fn reconcile(&self) {
        assert!(self.try_to_reconcile().await, "{}", self.log().await);
    }

    /// The same; whether it succeeded.
    pub async fn try_to_reconcile(&self) -> bool {
        self.timer("reconcile").await
    }

    /// Goes through all workspaces, as the timer does.
    pub async fn sweep(&self) {
        assert!(self.try_to_sweep().await, "{}", self.log().await);
    }

    /// The same; whether it succeeded.
    pub async fn try_to_sweep(&self) -> bool {
        self.timer("sweep").await
    }

    /// Looks at all that is on, as the timer does.
    pub async fn nightly(&self) {
        assert!(self.timer("nightly").await, "{}", self.log().await);
    }

    /// Calls a timer, as an admin of the function app may, and waits for its end; whether it succeeded.
    async fn timer(&self, name: &str) -> bool {
        let line = format!("Executed 'Functions.{name}' (");
        // each line begins with its time; how many there were is soon more than the host remembers
        let since = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let end = |log: String| {
            let lines =
                log.lines().filter(|one| one.get(..since.len()).is_some_and(|time| time >= &since[..]));
            lines.filter_map(|one| Some(one.split_once(&line)?.1.starts_with("Succeeded"))).next()
        };
        let answer =
            self.send(self.request("POST", &format!("/admin/functions/{name}")).json(&json!({}))).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        eventually(&format!("{name} has ended"), || async { end(self.log().await) }).await
    }

    /// Puts a text on the queue of members.
    pub async fn enqueue_text(&self, text: &str) {
        let url = format!(
            "{}/installations/{}/queues/members",
            facts()["control"].as_str().unwrap().trim_end_matches('/'),
            self.name
        );
        let answer = client().post(url).body(text.to_owned()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Puts a person's message on the queue.
    pub async fn enqueue(&self, person: &Person) {
        self.enqueue_text(&json!({ "v": 1, "member": person.oid, "after": 0 }).to_string()).await;
    }

    /// A person of its group who has nothing yet.
    pub async fn person(&self) -> Person {
        Person::made(json!({ "installation": self.name })).await
    }

    /// A person whose things are all there, signed in to the tunnel.
    pub async fn member(&self) -> Person {
        let person = self.person().await;
        self.enqueue(&person).await;
        eventually("the member is provisioned", || person.set()).await;
        sign_in(&person).await;
        person
    }

    /// What the gate counted, for one party.
    pub async fn requests(&self, party: &str) -> Vec<String> {
        let counts = control("GET", &format!("/installations/{}/gate", self.name), json!(null)).await;
        let list = counts[party]["requests"].as_array().cloned().unwrap_or_default();
        list.iter().map(|r| r.as_str().unwrap().to_owned()).collect()
    }

    pub async fn reset_gate(&self) {
        control("POST", &format!("/installations/{}/gate/reset", self.name), json!(null)).await;
    }

    pub async fn fault(&self, fault: Value) {
        control("POST", &format!("/installations/{}/faults", self.name), fault).await;
    }

    pub async fn clear_faults(&self) {
        control("DELETE", &format!("/installations/{}/faults", self.name), json!(null)).await;
    }

    pub async fn log(&self) -> String {
        self.log_tail(2000).await
    }

    /// All that the host remembers of it.
    pub async fn whole_log(&self) -> String {
        self.log_tail(5000).await
    }

    async fn log_tail(&self, lines: usize) -> String {
        let path = format!("/installations/{}/log?tail={lines}", self.name);
        let log = control("GET", &path, json!(null)).await;
        log.as_str().map_or_else(|| log.to_string(), ToOwned::to_owned)
    }
}

/// Puts a token for the tunnel in place, as signing in will.
pub async fn sign_in(person: &Person) {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "tunnel" },
        "stringData": { "provider": "github", "access_token": format!("gho_{}", person.name) },
    });
    kubernetes("POST", &person.path("secrets"), secret).await.unwrap();
}

/// What the API server does on its bad days, and the word that the gate counts it by: the end of its requests.
pub fn cluster_faults() -> [(Value, &'static str); 6] {
    [
        (json!({ "status": 409 }), "409"),
        (json!({ "status": 429, "retry_after": 1 }), "429"),
        (json!({ "status": 500 }), "500"),
        (json!({ "status": 503 }), "503"),
        (json!("cut"), "cut"),
        (json!("hang"), "hang"),
    ]
}
