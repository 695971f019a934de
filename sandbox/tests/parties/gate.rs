//! The gate before a tiny party: what passes, what is counted, and every fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::{Body, Client, Response};
use sandbox::gate::{Gate, Party};
use sandbox::listener::{self, Listener, Request};
use sandbox::strict::Oddities;
use serde_json::{Value, json};

use super::{PATIENCE, read, trust};

/// A gate with a party behind it.
pub(super) struct Scene {
    pub gate: Gate,
    pub client: Client,
    oddities: Oddities,
    seen: Arc<AtomicUsize>,
    killed: Arc<AtomicUsize>,
    pub party: Listener,
}

/// A party that says what it was asked, behind a gate that calls it the cluster.
pub(super) async fn scene() -> Scene {
    let (ca, client) = trust();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let tls = ca.server_leaf(&[]).unwrap().rustls_server().unwrap();
    let party = Listener::start(Some(tls), move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(echo(request).await) }
    });
    let party = party.await.unwrap();
    let upstream = party.url().unwrap().join("base/").unwrap();
    let oddities = Oddities::new();
    let parties =
        vec![Party { name: "kubernetes", upstream: upstream.clone() }, Party { name: "blob", upstream }];
    let gate = Gate::start(&ca, parties, client.clone(), oddities.clone()).await.unwrap();
    let killed = Arc::new(AtomicUsize::new(0));
    let kill = killed.clone();
    gate.on_kill(Arc::new(move || _ = kill.fetch_add(1, Ordering::SeqCst)));
    Scene { gate, client, oddities, seen, killed, party }
}

async fn echo(request: Request) -> listener::Answer {
    let (head, body) = request.into_parts();
    match head.uri.path() {
        // one line, and then nothing for as long as the client likes
        "/base/follow" => {
            let first = futures::stream::iter([Ok::<_, std::io::Error>("first\n")]);
            listener::text(200, "text/plain", Body::wrap_stream(first.chain(futures::stream::pending())))
        }
        _ => {
            let body = reqwest::Body::wrap(body);
            let bytes = http_body(body).await;
            let headers: Vec<Value> = head
                .headers
                .iter()
                .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
                .collect();
            let told = json!({
                "method": head.method.as_str(), "path": head.uri.to_string(), "headers": headers, "length": bytes,
            });
            listener::json(201, &told)
        }
    }
}

async fn http_body(body: Body) -> usize {
    let answer: Response = http::Response::new(body).into();
    answer.bytes().await.unwrap().len()
}

impl Scene {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.gate.url("kubernetes").unwrap())
    }

    async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(self.url(path)).timeout(PATIENCE).send().await
    }

    fn fault(&self, fault: Value) {
        self.gate.add_fault(serde_json::from_value(fault).unwrap()).unwrap();
    }

    fn requests(&self) -> Vec<String> {
        self.gate.counts()["kubernetes"].requests.iter().cloned().collect()
    }

    fn counters(&self) -> (usize, usize) {
        (self.seen.load(Ordering::SeqCst), self.killed.load(Ordering::SeqCst))
    }

    pub async fn end(self) {
        self.gate.stop().await;
        self.party.stop().await;
        assert_eq!(self.oddities.list(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_request_passes_as_it_is_and_is_counted() {
    let scene = scene().await;
    let body = vec![7; 3_000_000];
    let sent = scene.client.put(scene.url("a%2Fb?x=1&y=%20")).header("x-ms-date", "now").body(body);
    let (status, told) =
        read(sent.header("connection", "x-mine").header("x-mine", "1").send().await.unwrap()).await;
    assert_eq!(
        (status, &told["method"], &told["path"]),
        (201, &json!("PUT"), &json!("/base/a%2Fb?x=1&y=%20"))
    );
    assert_eq!(told["length"], 3_000_000);
    let headers = told["headers"].as_array().unwrap();
    let host = scene.gate.url("kubernetes").unwrap();
    let host = format!("127.0.0.1:{}", host.port().unwrap());
    assert!(headers.contains(&json!(["x-ms-date", "now"])), "{told}");
    assert!(headers.contains(&json!(["host", host])), "{told}");
    assert!(!told.to_string().contains("x-mine"), "{told}");
    assert_eq!(scene.requests(), ["PUT /base/a%2Fb 201"]);
    let count = &scene.gate.counts()["kubernetes"];
    assert_eq!((count.sent, count.received), (3_000_000, told.to_string().len() as u64));
    assert_eq!(scene.gate.counts()["blob"].total, 0);
    scene.gate.reset();
    assert_eq!(scene.gate.counts()["kubernetes"].total, 0);
    scene.end().await;
}

#[tokio::test]
async fn a_log_that_is_followed_streams_through() {
    let scene = scene().await;
    let answer = scene.client.get(scene.url("follow")).send().await.unwrap();
    let first = tokio::time::timeout(PATIENCE, answer.bytes_stream().next()).await;
    assert_eq!(first.unwrap().unwrap().unwrap(), "first\n");
    scene.end().await;
}

#[tokio::test]
async fn a_status_fault_answers_as_the_cluster_would_and_only_once() {
    let scene = scene().await;
    scene.fault(json!({"party": "kubernetes", "path": "/pods", "fault": {"status": 429, "retry_after": 1}}));
    let refused = scene.get("pods").await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    let (status, body) = read(refused).await;
    assert_eq!((status, &body["kind"], &body["reason"]), (429, &json!("Status"), &json!("TooManyRequests")));
    assert_eq!(read(scene.get("pods").await.unwrap()).await.0, 201);
    assert_eq!((scene.requests()[0].as_str(), scene.counters()), ("GET /base/pods 429", (1, 0)));
    scene.end().await;
}

#[tokio::test]
async fn cut_and_kill_before_close_the_connection_and_the_party_sees_nothing() {
    let scene = scene().await;
    for (fault, outcome, killed) in [("cut", "cut", 0), ("kill-before", "killed", 1)] {
        scene.fault(json!({"party": "kubernetes", "fault": fault}));
        let error = scene.get("x").await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout(), "{error:?}");
        assert_eq!(scene.counters(), (0, killed));
        assert_eq!(scene.requests().last().unwrap(), &format!("GET /base/x {outcome}"));
    }
    scene.end().await;
}

#[tokio::test]
async fn kill_after_lets_the_party_see_the_request_and_keeps_its_answer() {
    let scene = scene().await;
    scene.fault(json!({"party": "kubernetes", "method": "POST", "skip": 1, "fault": "kill-after"}));
    let post = || scene.client.post(scene.url("x")).body("{}").send();
    assert_eq!(post().await.unwrap().status(), 201);
    post().await.unwrap_err();
    assert_eq!(scene.counters(), (2, 1));
    assert_eq!(scene.requests(), ["POST /base/x 201", "POST /base/x killed"]);
    scene.end().await;
}

#[tokio::test]
async fn a_delay_lets_the_request_pass_later() {
    let scene = scene().await;
    scene.fault(json!({"party": "kubernetes", "fault": {"delay_ms": 300}}));
    let started = Instant::now();
    assert_eq!(scene.get("x").await.unwrap().status(), 201);
    assert!(started.elapsed() >= Duration::from_millis(300));
    scene.end().await;
}

#[tokio::test]
async fn a_hang_ends_when_the_client_gives_up_and_when_the_gate_stops() {
    let scene = scene().await;
    scene.fault(json!({"party": "kubernetes", "times": null, "fault": "hang"}));
    let short = scene.client.get(scene.url("x")).timeout(Duration::from_millis(200)).send();
    assert!(short.await.unwrap_err().is_timeout());
    let (waiting, ()) = tokio::join!(scene.get("y"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        scene.gate.stop().await;
    });
    assert!(!waiting.unwrap_err().is_timeout());
    assert_eq!(scene.requests(), ["GET /base/x hang", "GET /base/y hang"]);
    assert_eq!(scene.counters(), (0, 0));
    scene.end().await;
}

#[tokio::test]
async fn a_party_that_is_down_is_a_connection_that_breaks() {
    let scene = scene().await;
    scene.party.stop().await;
    scene.get("x").await.unwrap_err();
    assert_eq!(scene.requests(), ["GET /base/x unreachable"]);
    scene.end().await;
}

#[tokio::test]
async fn an_upgrade_is_not_understood_and_an_unknown_party_is_named() {
    let scene = scene().await;
    let asked =
        scene.client.get(scene.url("exec")).header("connection", "upgrade").header("upgrade", "websocket");
    assert_eq!(asked.send().await.unwrap().status(), 501);
    assert_eq!(scene.oddities.list(), ["gate: GET /base/exec asks kubernetes for an upgrade"]);
    let fault = serde_json::from_value(json!({"party": "nobody", "fault": "cut"})).unwrap();
    let error = scene.gate.add_fault(fault).unwrap_err().to_string();
    assert_eq!(error, "the gate has no party \"nobody\"; name one of blob, kubernetes");
}
