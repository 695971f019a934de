//! The client for Graph against answers that a test has written down.

mod members;
mod notifications;
mod subscriptions;
mod tries;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenRequestOptions},
    time::OffsetDateTime,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::domain::member::Member;

const GROUP: &str = "66666666-6666-6666-6666-666666666666";
/// A group that opens profiles.
const GATE: &str = "77777777-6666-6666-6666-666666666666";
const ADA: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
const BEN: &str = "7e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

/// An answer: status, further headers, body. Status 0 breaks the connection off.
type Answer = (u16, &'static str, String);

#[derive(Debug)]
struct Token;

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://graph.microsoft.com/.default"]);
        Ok(AccessToken::new("the-token", OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1)))
    }
}

/// A Graph that gives these answers in order, and what it was asked: method, path and body.
struct Script {
    graph: Graph,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    /// `{url}` in an answer stands for the script's own address.
    async fn new(answers: Vec<Answer>) -> Self {
        // whichever test comes first installs it; the others find it there
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (own, heard) = (url.clone(), asked.clone());
        tokio::spawn(async move {
            for (status, headers, body) in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read(&mut socket).await;
                heard.lock().unwrap().push(request);
                if status == 0 {
                    continue;
                }
                let body = body.replace("{url}", &own);
                let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{headers}");
                let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        let settings = GraphSettings {
            url,
            group: GROUP.into(),
            gates: vec![GATE.into()],
            resource: format!("/groups/{GROUP}"),
            notification_url: "https://dcaas.example/api/membership".into(),
            client_state: "the-secret-of-this-installation-1".into(),
        };
        Self { graph: Graph::new(&settings, Arc::new(Token)).unwrap(), asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(socket: &mut TcpStream) -> String {
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    let asked = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let (mut length, mut token) = (None, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).await.unwrap();
        let header = header.trim_end().to_lowercase();
        if header.is_empty() {
            break;
        }
        token |= header == "authorization: bearer the-token";
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().ok();
        }
    }
    assert!(token, "{asked} without our token");
    assert!(length.is_some() || !asked.starts_with("POST"), "{asked} without a length");
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).await.unwrap();
    format!("{asked} {}", String::from_utf8(body).unwrap()).trim_end().to_owned()
}

fn ok(body: impl Into<String>) -> Answer {
    (200, "", body.into())
}

fn refusal(status: u16, code: &str) -> Answer {
    (status, "", format!(r#"{{"error":{{"code":"{code}","message":"in Graph's words"}}}}"#))
}

fn ada() -> Member {
    Member::parse(ADA).unwrap()
}
