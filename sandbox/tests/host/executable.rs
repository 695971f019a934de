//! A tiny custom handler: the test binary itself, started again by the host under test.

#![expect(clippy::disallowed_methods, reason = "an exit is what is tested here")]

use std::{collections::BTreeMap, env, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The host starts the test binary with this test's name; without a host it does nothing.
#[test]
#[ignore = "not a test: the executable that the host of the other tests starts"]
fn the_executable() {
    let Ok(port) = env::var("FUNCTIONS_CUSTOMHANDLER_PORT") else {
        return;
    };
    println!("cwd {}", env::current_dir().unwrap().display());
    eprintln!("warning: only a warning");
    let address = ("127.0.0.1", port.parse().unwrap());
    let gate = web::Data::new(Notify::new());
    actix_web::rt::System::new()
        .block_on(async {
            let app = move || App::new().app_data(gate.clone()).default_service(web::to(answer));
            HttpServer::new(app).workers(1).h1_allow_half_closed(false).bind(address)?.run().await
        })
        .unwrap();
}

/// Says so when it is dropped before its time.
struct Witness;

impl Drop for Witness {
    fn drop(&mut self) {
        println!("the request was cancelled");
    }
}

async fn answer(request: HttpRequest, body: web::Payload, gate: web::Data<Notify>) -> HttpResponse {
    let parameter = |name: &str| {
        let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string()).unwrap();
        query.get(name).cloned()
    };
    match request.path() {
        "/" => HttpResponse::NotFound().finish(),
        "/api/exit" => std::process::exit(parameter("code").unwrap().parse().unwrap()),
        "/api/exit-once" => match env::var("ONCE").ok().filter(|file| !std::path::Path::new(file).exists()) {
            None => HttpResponse::Ok().body("again"),
            Some(file) => {
                std::fs::write(file, "").unwrap();
                std::process::exit(7)
            }
        },
        "/api/env" => HttpResponse::Ok().json(env::vars().collect::<BTreeMap<_, _>>()),
        "/api/hang" => {
            println!("the request hangs");
            let _witness = Witness;
            std::future::pending().await
        }
        "/api/stream" => {
            let first = stream::iter([Ok::<_, actix_web::Error>(web::Bytes::from("first\n"))]);
            let second = stream::once(async move {
                gate.notified().await;
                Ok(web::Bytes::from("second\n"))
            });
            HttpResponse::Ok().streaming(Box::pin(first.chain(second)))
        }
        "/api/release" => {
            gate.notify_one();
            HttpResponse::Ok().finish()
        }
        "/api/status" => HttpResponse::build(http_status(parameter("code"))).finish(),
        "/tick" => HttpResponse::Ok().json(json!({"Logs": ["tick was here"], "Seen": length(body).await})),
        "/yearly" => {
            let envelope: Value = serde_json::from_str(&text(body).await).unwrap();
            println!("yearly called with {}", envelope["Data"]["timer"]);
            HttpResponse::Ok().json(json!({}))
        }
        "/work" => work(&text(body).await),
        "/silent" => HttpResponse::NoContent().finish(),
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            HttpResponse::Ok().json(json!({}))
        }
        _ => {
            let headers: Vec<(String, String)> = request
                .headers()
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect();
            let (method, uri) = (request.method().to_string(), request.uri().to_string());
            let sent = json!({"method": method, "uri": uri, "headers": headers, "body": length(body).await});
            HttpResponse::Ok()
                .append_header(("set-cookie", "a=1"))
                .append_header(("set-cookie", "b=2"))
                .json(sent)
        }
    }
}

fn http_status(code: Option<String>) -> actix_web::http::StatusCode {
    actix_web::http::StatusCode::from_u16(code.unwrap().parse().unwrap()).unwrap()
}

/// Does what a queue message says.
fn work(envelope: &str) -> HttpResponse {
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    let message: String = serde_json::from_str(envelope["Data"]["message"].as_str().unwrap()).unwrap();
    let count = envelope["Metadata"]["DequeueCount"].as_str().unwrap();
    println!("message {message} seen {count} times");
    match message.as_str() {
        "fail" => HttpResponse::InternalServerError().finish(),
        "die once" if count == "1" => std::process::exit(9),
        _ => HttpResponse::Ok().json(json!({})),
    }
}

async fn text(mut body: web::Payload) -> String {
    let mut whole = Vec::new();
    while let Some(chunk) = body.next().await {
        whole.extend_from_slice(&chunk.unwrap());
    }
    String::from_utf8(whole).unwrap()
}

async fn length(body: web::Payload) -> usize {
    text(body).await.len()
}
