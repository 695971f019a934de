//! Both providers' words, and nonsense, from answers that a test has written down.

mod account;
mod begin;
mod poll;

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::domain::sign_in::UserCode;

/// An answer: status, further headers, body. Status 0 breaks the connection off.
type Answer = (u16, &'static str, String);

/// A provider that gives these answers in order, and what it was asked.
struct Script {
    flow: DeviceFlow,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request: its first line without the version, its headers in small letters, its body.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    headers: Vec<String>,
    body: String,
}

impl Script {
    async fn new(answers: Vec<Answer>) -> Self {
        // whichever test comes first installs it; the others find it there
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        tokio::spawn(async move {
            for (status, headers, body) in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                heard.lock().unwrap().push(request);
                if status == 0 {
                    continue;
                }
                let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{headers}");
                let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        let settings = SignInSettings {
            provider: Provider::GitHub,
            github_url: format!("{url}/github"),
            github_api_url: format!("{url}/api"),
            microsoft_url: format!("{url}/microsoft"),
        };
        Self { flow: DeviceFlow::new(&settings, reqwest::Client::builder()).unwrap(), asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn poll(&self, provider: Provider) -> Outcome {
        self.flow.poll(&flow(provider)).await
    }
}

async fn read_request(socket: &mut TcpStream) -> Asked {
    let mut reader = BufReader::new(socket);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let headers: Vec<String> = lines[1..].iter().map(|line| line.to_lowercase()).collect();
    let length =
        headers.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.unwrap();
    let line = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
    Asked { line, headers, body: String::from_utf8(body).unwrap() }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A flow that was begun somewhere.
fn flow(provider: Provider) -> Flow {
    let pending = Pending {
        id: "one".into(),
        provider,
        user_code: UserCode::parse("WDJB-MJHT").unwrap(),
        page: "https://github.com/login/device".into(),
        expires: now() + Duration::from_secs(900),
        interval: Duration::from_secs(5),
        next_poll: now(),
        misses: 0,
    };
    Flow { pending, device_code: Secret::from("the-device-code") }
}

fn body(status: u16, body: impl ToString) -> Answer {
    (status, "", body.to_string())
}

/// An error of GitHub, with status 200, and of Microsoft, with 400.
fn error(provider: Provider, word: &str) -> Answer {
    match provider {
        Provider::GitHub => {
            body(200, format!(r#"{{"error":"{word}","error_description":"about ada@example.com"}}"#))
        }
        Provider::Microsoft => body(
            400,
            format!(
                r#"{{"error":"{word}","error_description":"AADSTS53003: ada@example.com","error_codes":[53003],"trace_id":"x"}}"#
            ),
        ),
    }
}
