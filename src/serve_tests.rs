//! The door itself, over a real socket: probe, panic, size, unknown routes, and settings that are missing.

use std::collections::BTreeMap;

use super::*;
use crate::functions::SMALL;

const TABLE: &[Function] = &[
    Function {
        name: "panics",
        largest: SMALL,
        run: Run::Http("POST", |_, _| async { panic!("on purpose") }.boxed()),
    },
    Function {
        name: "echoes",
        largest: SMALL,
        run: Run::Http("POST", |_, r| async move { Ok(Reply::json(200, &r.body.len())) }.boxed()),
    },
    Function { name: "message", largest: SMALL, run: Run::Queue(|_, m| async move { Ok(m.text) }.boxed()) },
];

/// Serves a table on a port of its own; gives back its address.
async fn served(functions: &'static [Function]) -> String {
    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let app = Arc::new(App::new(&BTreeMap::new()));
    tokio::spawn(server(app, functions, (Ipv4Addr::LOCALHOST, port)).unwrap());
    format!("http://127.0.0.1:{port}")
}

fn client() -> reqwest::Client {
    // whichever test comes first installs it; the others find it there
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::new()
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_process_lives() {
    let address = served(TABLE).await;
    for _ in 0..2 {
        let answer = client().post(format!("{address}/api/panics")).send().await.unwrap();
        assert_eq!(answer.status(), 500);
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "bug");
        assert!(!body.to_string().contains("on purpose"), "{body}");
    }
    let answer = client().post(format!("{address}/api/echoes")).body("abc").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "3");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whole() {
    let address = served(TABLE).await;
    for (size, status) in [(SMALL, 200), (SMALL + 1, 413), (10 * 1024 * 1024, 413)] {
        let answer =
            client().post(format!("{address}/api/echoes")).body(vec![b'x'; size]).send().await.unwrap();
        assert_eq!(answer.status(), status, "{size}");
    }
}

#[tokio::test]
async fn the_probe_is_answered_and_nothing_else_is_at_the_root() {
    let address = served(TABLE).await;
    let probe = client().get(&address).send().await.unwrap();
    assert_eq!((probe.status().as_u16(), probe.text().await.unwrap().as_str()), (200, ""));
    let page = client().get(&address).header(INVOCATION, "x").send().await.unwrap();
    assert_eq!(page.status(), 404);
    let method = client().get(format!("{address}/api/echoes")).send().await.unwrap();
    assert_eq!(method.status(), 404);
    assert_eq!(method.headers()["content-type"], "application/problem+json");
    let body: serde_json::Value = method.json().await.unwrap();
    assert_eq!(body["code"], "no-such-route");
}

#[tokio::test]
async fn a_message_completes_with_a_body_and_an_unreadable_one_fails() {
    let address = served(TABLE).await;
    let envelope = serde_json::json!({"Data":{"message":"\"hello\""},"Metadata":{"DequeueCount":"1"}});
    let answer = client().post(format!("{address}/message")).json(&envelope).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["Logs"][0], "hello");
    let answer = client().post(format!("{address}/message")).body("nonsense").send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn with_faulty_settings_every_function_says_so() {
    let address = served(FUNCTIONS).await;
    let health = client().get(format!("{address}/api/health")).send().await.unwrap();
    assert_eq!(health.status(), 503);
    let body: serde_json::Value = health.json().await.unwrap();
    let faults = body["faults"].to_string();
    assert!(faults.contains("TENANT_ID is missing") && faults.contains("PROFILES is missing"), "{faults}");
    for (method, path) in [("GET", "status"), ("POST", "start"), ("POST", "stop"), ("GET", "logs")] {
        let request = client().request(method.parse().unwrap(), format!("{address}/api/{path}"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 500, "{path}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "settings");
        assert!(body["detail"].as_str().unwrap().contains("TENANT_ID"), "{body}");
    }
}
