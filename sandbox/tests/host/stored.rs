//! Queue and timer triggers on real Azurite: messages done, failed, poisoned and given back, missed times (SOURCES 4, 5).

use std::{path::Path, time::Duration};

use reqwest::{Client, Method};
use sandbox::{
    azurite::{Account, Azurite},
    certificates::Authority,
    entra::Entra,
    strict::Oddities,
};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Bench, PATIENCE, Wish};

/// Azurite with one account, and somebody who may look into its queues.
struct Storage {
    azurite: Azurite,
    account: Account,
    client: Client,
    token: String,
    _folder: TempDir,
}

impl Storage {
    async fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut places = [here.join("../target/azurite"), here.join("azurite")].into_iter();
        let place = places.find(|place| place.join("node_modules/azurite").exists());
        let place = place.expect("Azurite is not installed: cargo xtask test does it");
        let ca = Authority::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let azurite = Azurite::start(&place, folder.path(), &ca).await.unwrap();
        let entra = Entra::start(&ca, Oddities::new()).await.unwrap();
        let (nobody, ends) = (Uuid::nil(), chrono::Utc::now().timestamp() + 600);
        let token = entra.tokens().issue_app(nobody, nobody, "https://storage.azure.com", ends);
        let account = azurite.take_account().unwrap();
        let (client, token) = (ca.client().unwrap(), token.unwrap());
        Self { azurite, account, client, token, _folder: folder }
    }

    async fn call(&self, method: Method, path: &str, body: String) -> String {
        let request = self.client.request(method, self.account.queue.join(path).unwrap());
        let request = request.bearer_auth(&self.token).header("x-ms-version", "2025-11-05");
        request.body(body).send().await.unwrap().text().await.unwrap()
    }

    async fn put(&self, text: &str) {
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        self.call(Method::POST, "members/messages", body).await;
    }

    async fn peek(&self, queue: &str) -> String {
        self.call(Method::GET, &format!("{queue}/messages?peekonly=true&numofmessages=32"), String::new())
            .await
    }

    async fn blob(&self, method: Method, path: &str, body: &'static str) -> String {
        let request = self.client.request(method, self.account.blob.join(path).unwrap());
        let request = request.bearer_auth(&self.token).header("x-ms-version", "2025-11-05");
        request.header("x-ms-blob-type", "BlockBlob").body(body).send().await.unwrap().text().await.unwrap()
    }

    async fn bench(&self) -> Bench {
        let storage = Some(self.account.connection_string());
        let client = Some(self.client.clone());
        Bench::start(Wish { settings: &[("QUEUE", "members")], storage, client, ..Wish::default() }).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_taken_deleted_released_and_poisoned() {
    let storage = Storage::start().await;
    let bench = storage.bench().await;
    // a queue that is not there is no error: it may come
    tokio::time::sleep(Duration::from_millis(300)).await;
    storage.call(Method::PUT, "members", String::new()).await;
    storage.put("well").await;
    bench.says("message well seen 1 times").await;
    storage.put("fail").await;
    bench.says("failed 3 times").await;
    bench.says("Moving it to queue 'members-poison'").await;
    let wait = async {
        while !storage.peek("members-poison").await.contains("<MessageText>fail</MessageText>") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert!(!storage.peek("members").await.contains("MessageText"));
    let log = bench.host.log_tail(10_000);
    assert_eq!(log.matches("message fail seen").count(), 3);
    assert_eq!(log.matches("message well seen").count(), 1);
    storage.put("die once").await;
    bench.says("exited with code 9").await;
    bench.says("message die once seen 2 times").await;
    bench.stop(&[]).await;
    storage.azurite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_host_takes_no_more_and_a_stopped_one_gives_back() {
    let storage = Storage::start().await;
    storage.call(Method::PUT, "members", String::new()).await;
    let bench = storage.bench().await;
    bench.post("admin/host/drain", "").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    storage.put("late").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!bench.host.log_tail(1000).contains("message late"));
    bench.stop(&[]).await;
    assert!(storage.peek("members").await.contains("late"));
    let again = storage.bench().await;
    again.says("message late seen 1 times").await;
    again.stop(&[]).await;
    storage.azurite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_remembers_when_it_was_due_and_catches_up_once() {
    let storage = Storage::start().await;
    let status = "azure-webjobs-hosts/timers/local/Host.Functions.yearly/status";
    let first = storage.bench().await;
    let read = async || storage.blob(Method::GET, status, "").await;
    let wait = async {
        while !read().await.contains(r#""Last":"0001-01-01T00:00:00+00:00""#) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    first.stop(&[]).await;
    // as if the host had been away over two new years
    let missed = r#"{"Last":"2024-01-01T00:00:00.01+00:00","Next":"2025-01-01T00:00:00+00:00",
        "LastUpdated":"2024-01-01T00:00:00.01+00:00"}"#;
    storage.blob(Method::PUT, status, missed).await;
    let second = storage.bench().await;
    second.says(r#""IsPastDue":true"#).await;
    second.says(r#""Last":"2024-01-01T00:00:00.01+00:00""#).await;
    second.says("Executed 'Functions.yearly' (Succeeded").await;
    let log = second.host.log_tail(1000);
    assert_eq!(log.matches("yearly called with").count(), 1);
    second.stop(&[]).await;
    storage.azurite.stop().await;
}
