//! Outside parties that fail: a caller is told which, and what to do.

use serde_json::{Value, json};

use super::{no_secret_in_the_log, wishes};
use crate::world::{Installation, Person, eventually};

#[tokio::test]
async fn what_the_cluster_will_not_do_is_told_as_that() {
    let dcaas = Installation::new(json!({})).await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    dcaas.get(&token, "/api/status").await;
    let before = wishes(&ada).await;
    let fault = |status: u16, method: &str| json!({ "party": "kubernetes", "method": method, "times": null, "fault": { "status": status } });
    let start = json!({ "profile": "steady" });
    let rows: [(Value, u16, &str); 3] = [
        (fault(403, "GET"), 502, "cluster-refused"),
        (fault(422, "PATCH"), 503, "keeps-changing"),
        (fault(503, "PATCH"), 503, "cluster-unavailable"),
    ];
    for (fault, status, code) in rows {
        dcaas.fault(fault).await;
        let answer = dcaas.start(&token, start.clone()).await;
        answer.refuses(status, code, code);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503, "{code}");
        dcaas.clear_faults().await;
        assert_eq!(wishes(&ada).await, before, "{code}");
    }
    no_secret_in_the_log(&dcaas, &[&token], &[&ada]).await;
    dcaas.remove().await;
}

#[tokio::test]
async fn storage_that_does_not_answer_is_named_in_the_log_and_the_message_comes_again() {
    let dcaas = Installation::new(json!({})).await;
    let ada = Person::made(json!({ "installation": dcaas.name })).await;
    dcaas.fault(json!({ "party": "blob", "times": null, "fault": { "status": 403 } })).await;
    dcaas.enqueue(&ada).await;
    eventually("the log names it", || async {
        dcaas.log().await.contains("storage-unavailable").then_some(())
    })
    .await;
    assert!(ada.set().await.is_none(), "the StatefulSet comes last");
    dcaas.clear_faults().await;
    eventually("the message comes again", || ada.set()).await;
    dcaas.remove().await;
}
