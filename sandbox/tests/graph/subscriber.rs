//! Somebody who takes notifications, well or badly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt;
use sandbox::listener::{self, Answer, Listener, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Scene, eventually};

/// An address for notifications: `notify` and `lifecycle` below it.
pub struct Subscriber {
    listener: Listener,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// How the next requests are answered; 202 when none are left.
    answers: Vec<u16>,
    handshake: Handshake,
    /// Path with query, content type and body.
    requests: Vec<(String, String, Value)>,
}

/// How it answers a validation.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Handshake {
    #[default]
    Right,
    Encoded,
    Html,
    Accepted,
    Never,
}

impl Subscriber {
    pub async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        let listener = Listener::start(None, move |request| {
            let seen = shared.clone();
            async move { Ok(answer(&seen, request).await) }
        });
        Self { listener: listener.await.unwrap(), seen }
    }

    pub fn url(&self, path: &str) -> String {
        self.listener.url().unwrap().join(path).unwrap().to_string()
    }

    pub fn shake(&self, handshake: Handshake) {
        self.seen.lock().unwrap().handshake = handshake;
    }

    /// The next requests are answered so, the last first.
    pub fn answers(&self, answers: &[u16]) {
        self.seen.lock().unwrap().answers = answers.to_vec();
    }

    pub fn requests(&self) -> Vec<(String, String, Value)> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// All notifications so far, in the order in which they came.
    pub fn items(&self) -> Vec<Value> {
        let items = |body: &Value| body["value"].as_array().cloned().unwrap_or_default();
        self.requests().iter().flat_map(|(.., body)| items(body)).collect()
    }

    /// Waits for so many notifications, and takes them.
    pub async fn take(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} notifications"), || self.items().len() >= count).await;
        let items = self.items();
        self.seen.lock().unwrap().requests.clear();
        assert_eq!(items.len(), count, "{items:#?}");
        items
    }

    /// A subscription that is taken as it is.
    pub fn wish(&self, group: Uuid) -> Value {
        json!({
            "changeType": "updated,deleted", "resource": format!("/groups/{group}"), "clientState": "secret",
            "notificationUrl": self.url("notify?code=1"), "lifecycleNotificationUrl": self.url("lifecycle"),
            "expirationDateTime": chrono::Utc::now() + chrono::Duration::days(2),
        })
    }

    /// Subscribes, and forgets the handshake.
    pub async fn subscribe(&self, scene: &Scene) -> Value {
        let (status, made) = scene.post(&scene.reader, "subscriptions", self.wish(scene.group)).await;
        assert_eq!(status, 201, "{made}");
        self.seen.lock().unwrap().requests.clear();
        made
    }
}

async fn answer(seen: &Mutex<Seen>, request: Request) -> Answer {
    let path = request.uri().to_string();
    let kind = request.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let token = listener::query(&request, "validationToken");
    let raw = path.rsplit_once("validationToken=").map(|(_, raw)| raw.to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
    let (handshake, status) = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push((path, kind.unwrap_or_default(), body));
        let status = if token.is_none() { seen.answers.pop() } else { None };
        (seen.handshake, status.unwrap_or(202))
    };
    let Some(token) = token else { return listener::text(status, "text/plain", "") };
    match handshake {
        Handshake::Right => listener::text(200, "text/plain; charset=utf-8", token),
        Handshake::Encoded => listener::text(200, "text/plain", raw.unwrap()),
        Handshake::Html => listener::text(200, "text/html", token),
        Handshake::Accepted => listener::text(202, "text/plain", token),
        Handshake::Never => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            listener::text(200, "text/plain", token)
        }
    }
}
