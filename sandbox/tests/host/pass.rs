//! What passes between client and executable, and what does not (SOURCES 1.2, 2.2, 2.3, 3, 7).

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::{Bench, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn the_executable_gets_the_settings_the_hosts_names_and_path() {
    let bench =
        Bench::start(Wish { settings: &[("MINE", "1"), ("host.master", "secret")], ..Wish::default() }).await;
    let env: Value = bench.get("api/env").await.json().await.unwrap();
    let mut names: Vec<&str> = env.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let wanted = [
        "FUNCTIONS_APP_ROOT_PATH",
        "FUNCTIONS_CUSTOMHANDLER_PORT",
        "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
        "FUNCTIONS_HTTPWORKER_ID",
        "FUNCTIONS_HTTPWORKER_PORT",
        "FUNCTIONS_WORKER_RUNTIME",
        "MINE",
        "ONCE",
        "PATH",
    ];
    assert_eq!(names, wanted);
    bench.says("[Information] Host.Function.Console: cwd ").await;
    bench.says("[Warning] Host.Function.Console: warning: only a warning").await;
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_arrives_as_it_was_sent_but_for_what_the_host_sets() {
    let bench = Bench::start(Wish::default()).await;
    let request = bench.client.put(bench.url("api/a%20b?x=1&x=2&y=%20'+"));
    let request = request.header("x-forwarded-for", "6.6.6.6").header("x-ms-client-principal", "forged");
    let answer =
        request.header("x-azure-functions-invocationid", "forged").body("12345").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
    let sent: Value = answer.json().await.unwrap();
    let header = |name: &str| -> Vec<&str> {
        let headers = sent["headers"].as_array().unwrap();
        headers.iter().filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap()).collect()
    };
    assert_eq!(sent["method"], "PUT");
    assert_eq!(sent["uri"], "/api/a%20b?x=1&x=2&y=%20%27+"); // the %27 is this client's
    assert_eq!(sent["body"], 5);
    assert!(header("host")[0].starts_with("127.0.0.1:"));
    assert_ne!(header("host")[0], header("x-forwarded-host")[0]);
    assert_eq!(header("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(header("x-forwarded-proto"), ["http"]);
    assert_eq!(header("x-ms-client-principal"), ["forged"]); // Easy Auth is off: the app must not believe it
    assert_eq!(header("x-azure-functions-invocationid"), header("x-ms-invocation-id"));
    assert!(header("x-azure-functions-invocationid")[0].parse::<uuid::Uuid>().is_ok());
    assert_eq!(header("content-length"), ["5"]);
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_stream_both_ways() {
    let bench = Bench::start(Wish::default()).await;
    let mut answer = bench.get("api/stream").await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "first\n");
    bench.get("api/release").await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "second\n");
    let chunks = futures::stream::iter((0..5).map(|_| Ok::<_, std::io::Error>("12345")));
    let sent =
        bench.client.post(bench.url("api/x")).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    assert_eq!(sent["body"], 25);
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_methods_keys_and_sizes_are_the_hosts_business() {
    let settings = &[("functions.keyed.default", "k"), ("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "10")];
    let bench = Bench::start(Wish { settings, ..Wish::default() }).await;
    for (method, path, status) in [
        ("GET", "only/get", 200),
        ("POST", "only/get", 404), // never 405
        ("GET", "nowhere", 404),
        ("GET", "api", 404),
        ("GET", "", 200), // the host's own page
        ("GET", "keyed", 401),
        ("GET", "keyed?code=wrong", 401),
        ("GET", "keyed?code=k", 200),
        ("GET", "api/status?code=418", 418), // any status is the function's own
        ("POST", "admin/functions/nothing", 400),
        ("GET", "admin/host/ping", 200),
    ] {
        let method: reqwest::Method = method.parse().unwrap();
        let request = bench.client.request(method.clone(), bench.url(path)).body(match path {
            "admin/functions/nothing" => "",
            _ => "small",
        });
        let answer = request.send().await.unwrap();
        let wanted = if path == "admin/functions/nothing" { 404 } else { status };
        assert_eq!(answer.status().as_u16(), wanted, "{method} {path}");
    }
    assert_eq!(bench.post("api/x", "more than ten").await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(bench.get("admin/host/status").await.status(), StatusCode::NOT_IMPLEMENTED);
    assert_eq!(bench.get("api/a%2Fb").await.status(), StatusCode::NOT_IMPLEMENTED);
    bench.stop(&["/admin/host/status", "/api/a%2Fb"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_cancels_its_request() {
    let bench = Bench::start(Wish::default()).await;
    let request = tokio::spawn(bench.client.get(bench.url("api/hang")).send());
    bench.says("the request hangs").await;
    request.abort();
    bench.says("the request was cancelled").await;
    bench.says("(Cancelled").await;
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_end_cuts_an_answer_that_takes_too_long() {
    let bench = Bench::start(Wish { front_end: Some(Duration::from_secs(1)), ..Wish::default() }).await;
    assert!(bench.client.get(bench.url("api/hang")).send().await.is_err());
    let mut begun = bench.get("api/stream").await;
    assert_eq!(begun.chunk().await.unwrap().unwrap(), "first\n");
    assert!(begun.chunk().await.is_err());
    assert_eq!(bench.get("api/x").await.status(), StatusCode::OK);
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_function_is_called_by_hand_in_the_envelope() {
    let bench = Bench::start(Wish::default()).await;
    for _ in 0..2 {
        // once with its body in chunks, once with a length
        assert_eq!(
            bench.post("admin/functions/tick", r#"{"input":""}"#).await.status(),
            StatusCode::ACCEPTED
        );
    }
    bench.says("Function.tick: tick was here").await;
    bench.says("Executed 'Functions.tick' (Succeeded").await;
    bench.stop(&[]).await;
}
