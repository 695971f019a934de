//! When a request is sent again, and what people are told when that does not help.

use super::*;
use crate::api::problem::{Code, Problem};

fn status(status: u16, headers: &'static str) -> Answer {
    (status, headers, String::new())
}

fn until() -> chrono::DateTime<chrono::Utc> {
    "2026-12-20T12:00:00Z".parse().unwrap()
}

const CUT: Answer = (0, "", String::new());

#[tokio::test]
async fn a_question_is_asked_again_while_that_can_help() {
    let good = || ok(r#"{"value":[]}"#);
    let rows = [
        (vec![status(429, "retry-after: 1\r\n"), good()], 2, true),
        (vec![status(503, ""), status(500, ""), good()], 3, true),
        (vec![CUT, good()], 2, true),
        // so long the caller has to wait, not we
        (vec![status(429, "retry-after: 150\r\n"), good()], 1, false),
        (vec![status(401, ""), good()], 1, false),
        (vec![status(302, "location: https://elsewhere.example/\r\n"), good()], 1, false),
    ];
    for (answers, times, found) in rows {
        let said = format!("{answers:?}");
        let script = Script::new(answers).await;
        assert_eq!(script.graph.find().await.is_ok(), found, "{said}");
        assert_eq!(script.asked().len(), times, "{said}");
    }
}

#[tokio::test]
async fn a_subscription_is_not_made_twice() {
    let made = || ok(r#"{"id":"s","expirationDateTime":"2026-12-20T12:00:00Z","resource":"/groups/x"}"#);
    let rows = [
        (vec![status(429, "retry-after: 0\r\n"), made()], 2, true),
        (vec![status(503, ""), made()], 2, true),
        (vec![status(500, ""), made()], 1, false),
        (vec![CUT, made()], 1, false),
    ];
    for (answers, times, done) in rows {
        let said = format!("{answers:?}");
        let script = Script::new(answers).await;
        assert_eq!(script.graph.create(until()).await.is_ok(), done, "{said}");
        assert_eq!(script.asked().len(), times, "{said}");
    }
}

#[test]
fn people_are_told_what_to_do_and_not_what_graph_said() {
    let rows = [
        (Error::Unavailable { why: "429".into(), again: true, wait: None }, "graph-unavailable", "again"),
        (Error::NoGroup, "graph-refused", "GROUP_ID"),
        (Error::Denied("secret words".into()), "graph-refused", PERMISSIONS),
        (Error::NotFound("secret words".into()), "graph-refused", "log"),
        (Error::Refused { status: 400, message: "secret words".into() }, "graph-refused", "log"),
    ];
    for (error, code, next) in rows {
        let problem = Problem::from(error);
        assert_eq!(problem.code.word(), code);
        assert!(problem.next.contains(next), "{}", problem.next);
        let told = serde_json::to_string(&problem.body()).unwrap();
        assert!(!told.contains("secret words"), "{told}");
    }
    assert_eq!(Code::GraphUnavailable.retry_after(), Some(10));
}

#[tokio::test]
async fn what_we_print_of_ourselves_holds_no_secret() {
    let script = Script::new(vec![]).await;
    let printed = format!("{:?}", script.graph.settings);
    assert!(!printed.contains("the-secret") && printed.contains("dcaas.example"), "{printed}");
}
