//! What the end of the executable does to the host (SOURCES 1.4, traps 1 and 2).

use reqwest::StatusCode;

use super::{Bench, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn the_third_crash_stops_the_host() {
    let bench = Bench::start(Wish::default()).await;
    // a body is sent once; without one the host would repeat the request, and crash the next run with it.
    // One that meets the run just as it dies is lost with 500 and crashes nothing, so three may not be enough.
    while bench.post("api/exit?code=7", "once").await.status() == StatusCode::INTERNAL_SERVER_ERROR {
        tokio::task::yield_now().await;
    }
    bench.says("Shutting down Functions Host").await;
    let answer = bench.get("api/x").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text().await.unwrap(), "Function host is not running.");
    assert_eq!(bench.host.log_tail(1000).matches("the executable was started").count(), 3);
    bench.stop(&["Exceeded http worker restart retry count"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_body_is_repeated_after_a_crash() {
    let bench = Bench::start(Wish::default()).await;
    assert_eq!(bench.get("api/exit-once").await.text().await.unwrap(), "again");
    bench.says("exited with code 7").await;
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_code_0_leaves_the_app_dead() {
    let bench = Bench::start(Wish::default()).await;
    bench.post("api/exit?code=0", "once").await;
    bench.says("ended with 0").await;
    assert_eq!(bench.post("api/x", "x").await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_from_outside_and_exit_code_200_are_not_counted() {
    let bench = Bench::start(Wish::default()).await;
    for _ in 0..4 {
        bench.post("api/exit?code=200", "once").await;
        bench.host.kill_executable();
        assert_eq!(bench.get("api/x").await.status(), StatusCode::OK);
    }
    bench.stop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_json_hangs_and_ends_at_the_timeout_with_a_restart() {
    let bench = Bench::start(Wish { timeout: Some("00:00:01"), ..Wish::default() }).await;
    bench.post("admin/functions/silent", r#"{"input":""}"#).await;
    bench.says("(Failed").await;
    bench.says("killed and restarted").await;
    assert_eq!(bench.get("api/x").await.status(), StatusCode::OK);
    bench.stop(&["silent answered 2xx without JSON"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeout_kills_the_executable_and_all_that_is_under_way() {
    let bench = Bench::start(Wish { timeout: Some("00:00:01"), ..Wish::default() }).await;
    bench.post("admin/functions/slow", r#"{"input":""}"#).await;
    assert_eq!(bench.post("api/hang", "once").await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    bench.says("Timeout value of").await;
    assert_eq!(bench.get("api/x").await.status(), StatusCode::OK);
    bench.stop(&[]).await;
}
