//! Images that a registry does not give, in containerd's own words, and the sentence that people get.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{real, says, started, stopped};
use crate::world::Installation;

/// An index of one image, for machines that are not ours.
const OTHER_MACHINES: &str = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
  {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 400, "platform": {"architecture": "arm64", "os": "linux"},
   "digest": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]}"#;

#[tokio::test]
async fn what_a_registry_does_not_give_is_told_in_a_sentence() {
    if !real() {
        return;
    }
    let registry = Registry::start().await;
    let allowed = format!("{}/*,dcaas.example/*", registry.address);
    let settings = json!({ "settings": { "ALLOWED_IMAGES": allowed } });
    Installation::own(settings, |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        for (name, sentence) in [
            ("other-machines", "for this kind of machine."),
            ("none", "There is no image"),
            ("private", "may not pull"),
            ("busy", "allows no more pulls for now"),
        ] {
            let image = format!("{}/{name}:1", registry.address);
            let wish = json!({ "profile": "steady", "image": image });
            let answer = dcaas.start(&token, wish).await;
            assert_eq!(answer.status, 202, "{name}: {}", answer.text);
            let told = says(&dcaas, &token, "failed", &[sentence]).await;
            assert!(told.contains(&image), "{told}");
        }
        assert_eq!(registry.odd(), [""; 0], "what else was asked");
        started(&dcaas, &token, Some("dcaas.example/bare:dev")).await;
        stopped(&dcaas, &token).await;
    })
    .await;
}

/// A registry on loopback, which containerd asks without TLS. It gives no image, each in another way, and knows nothing else.
struct Registry {
    address: String,
    odd: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let odd = Arc::new(Mutex::default());
        let heard = odd.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, heard.clone()));
            }
        });
        Self { address, odd }
    }

    /// What it was asked and does not know.
    fn odd(&self) -> Vec<String> {
        self.odd.lock().unwrap().clone()
    }
}

/// Reads one request, and answers it.
async fn answer(stream: TcpStream, odd: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let mut asked = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|length| length > 2) {
        if asked.is_empty() {
            asked = line.trim().to_owned();
        }
        line.clear();
    }
    let path = asked.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path.split('/').collect::<Vec<_>>()[..] {
        ["", "v2", "other-machines", "manifests", _] => ("200 OK", OTHER_MACHINES),
        ["", "v2", "none", "manifests", _] => ("404 Not Found", ""),
        ["", "v2", "private", "manifests", _] => ("401 Unauthorized", ""),
        ["", "v2", "busy", "manifests", _] => ("429 Too Many Requests", ""),
        _ => {
            odd.lock().unwrap().push(asked.clone());
            ("501 Not Implemented", "")
        }
    };
    let kind = "application/vnd.oci.image.index.v1+json";
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let body = if asked.starts_with("HEAD ") { "" } else { body };
    let _ = stream.get_mut().write_all(format!("{head}{body}").as_bytes()).await;
}
