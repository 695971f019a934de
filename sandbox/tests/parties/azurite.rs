//! Azurite as the world runs it: with a token, with a key, straight and through a gate.

use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method, RequestBuilder, Url};
use sandbox::azurite::{Account, Azurite};
use sandbox::entra::Entra;
use sandbox::gate::{Gate, Party};
use sandbox::strict::Oddities;
use uuid::Uuid;

use super::trust;

/// Where Azurite is installed: the place of `cargo xtask test`, or beside its lock file.
fn installed() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [here.join("../target/azurite"), here.join("azurite")];
    let found = places.into_iter().find(|place| place.join("node_modules/azurite").exists());
    found.expect("Azurite is not installed: cargo xtask test does it, or npm ci --prefix sandbox/azurite")
}

struct Caller {
    client: Client,
    token: String,
}

impl Caller {
    /// As the SDK sends it.
    fn ask(&self, method: Method, base: &Url, path: &str) -> RequestBuilder {
        let asked = self.client.request(method, base.join(path).unwrap()).bearer_auth(&self.token);
        asked.header("x-ms-version", "2026-04-06").header("content-length", "0")
    }

    async fn status(&self, method: Method, base: &Url, path: &str) -> u16 {
        self.ask(method, base, path).send().await.unwrap().status().as_u16()
    }
}

/// A request signed with the account's key (learn: rest/api/storageservices/authorize-with-shared-key).
fn shared_key(client: &Client, account: &Account, queue: &Url) -> RequestBuilder {
    let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let resource = format!("/{0}/{0}/members", account.name);
    let text = format!("PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2026-04-06\n{resource}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(&account.key).unwrap());
    let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    let asked = client.put(queue.join("members").unwrap()).header("x-ms-date", date);
    let asked = asked.header("x-ms-version", "2026-04-06").header("content-length", "0");
    asked.header("authorization", format!("SharedKey {}:{signature}", account.name))
}

#[tokio::test]
async fn storage_takes_tokens_and_keys_also_through_a_gate() {
    let (ca, client) = trust();
    let dir = tempfile::tempdir().unwrap();
    let entra = Entra::start(&ca, Oddities::new()).await.unwrap();
    let azurite = Azurite::start(&installed(), dir.path(), &ca).await.unwrap();
    let (host, members) = (azurite.take_account().unwrap(), azurite.take_account().unwrap());
    assert_ne!(host.name, members.name);
    let parties = vec![
        Party { name: "blob", upstream: members.blob.clone() },
        Party { name: "queue", upstream: host.queue.clone() },
    ];
    let gate = Gate::start(&ca, parties, client.clone(), Oddities::new()).await.unwrap();
    let token = |resource: &str| {
        let ends = chrono::Utc::now().timestamp() + 60;
        entra.tokens().issue_app(Uuid::new_v4(), Uuid::new_v4(), resource, ends).unwrap()
    };
    let caller = Caller { client: client.clone(), token: token("https://storage.azure.com") };
    let (blob, queue) = (gate.url("blob").unwrap(), gate.url("queue").unwrap());

    // a queue and a container by token, through the gate and straight
    assert_eq!(caller.status(Method::PUT, &queue, "members").await, 201);
    assert_eq!(caller.status(Method::PUT, &host.queue, "members").await, 204);
    assert_eq!(caller.status(Method::PUT, &blob, "dc-1?restype=container").await, 201);
    assert_eq!(caller.status(Method::PUT, &members.blob, "dc-1?restype=container").await, 409);

    // a blob is made once
    for wanted in [201, 409] {
        let put = caller.ask(Method::PUT, &blob, "dc-1/usage.json").header("x-ms-blob-type", "BlockBlob");
        assert_eq!(put.header("if-none-match", "*").send().await.unwrap().status(), wanted);
    }

    // the account's key, as the host uses it
    assert_eq!(shared_key(&client, &host, &host.queue).send().await.unwrap().status(), 204);
    assert_eq!(shared_key(&client, &host, &queue).send().await.unwrap().status(), 204);
    let wrong = Account { key: members.key.clone(), ..host.clone() };
    // Azure says 403 here
    assert_eq!(shared_key(&client, &wrong, &queue).send().await.unwrap().status(), 400);

    // a token for somebody else, and an account that is not there
    let stranger = Caller { client, token: token("https://management.azure.com") };
    assert_eq!(stranger.status(Method::PUT, &queue, "other").await, 403);
    let nowhere = host.queue.join("/nobody/").unwrap();
    assert_eq!(caller.status(Method::PUT, &nowhere, "members").await, 404);

    let counts = gate.counts();
    assert_eq!(counts["queue"].requests[0], format!("PUT /{}/members 201", host.name));
    assert_eq!(
        counts["blob"].requests.back().unwrap(),
        &format!("PUT /{}/dc-1/usage.json 409", members.name)
    );
    gate.stop().await;
    azurite.stop().await;
}
