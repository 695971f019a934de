//! Machines that do not come, can not be used, or are lost: told in a sentence with a next step, and got over.

use serde_json::{Value, json};

use super::unavailable;
use crate::world::{
    Installation, Person, Token, break_machines, control, eventually, get, mend_machines, with_profiles,
};

/// Waits until the status is of this phase and says these words; what it says.
async fn says(dcaas: &Installation, token: &Token, phase: &str, words: &str) -> Value {
    eventually(&format!("{phase}: {words}"), || async {
        let status = dcaas.status(token).await;
        (status["phase"] == phase && status["says"].as_str()?.contains(words)).then_some(status)
    })
    .await
}

/// A fault of a pool's machines is told while it lasts, and the workspace runs when it has gone.
async fn told_and_got_over(dcaas: &Installation, pool: &str, kind: &str, words: &str) {
    let person = dcaas.member().await;
    let token = person.token().await;
    break_machines(pool, kind).await;
    assert_eq!(dcaas.start(&token, json!({ "profile": pool })).await.status, 202);
    let failed = says(dcaas, &token, "failed", words).await;
    assert!(!failed["next"].as_str().unwrap().is_empty(), "{failed}");
    mend_machines(pool).await;
    dcaas.until(&token, "running").await;
    assert!([200, 202].contains(&dcaas.stop(&token).await.status));
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn a_machine_that_does_not_come_or_can_not_be_used_is_told_and_got_over() {
    let pools = ["badquota", "badstock", "badmax", "badimage", "badvolume"];
    Installation::own(with_profiles(&pools), |dcaas| async move {
        let none = "The cloud gives no machine of this size just now";
        tokio::join!(
            told_and_got_over(&dcaas, "badquota", "no-quota", none),
            told_and_got_over(&dcaas, "badstock", "no-stock", none),
            told_and_got_over(&dcaas, "badmax", "max-reached", "the pool is at its maximum"),
            told_and_got_over(&dcaas, "badimage", "image-pull", "image"),
            told_and_got_over(&dcaas, "badvolume", "volume-stuck", "can not be mounted"),
        );
    })
    .await;
}

/// Somebody whose workspace runs.
pub async fn runs(dcaas: &Installation) -> (Person, Token) {
    let person = dcaas.member().await;
    let token = person.token().await;
    assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
    dcaas.until(&token, "running").await;
    (person, token)
}

#[tokio::test]
async fn a_workspace_killed_for_memory_says_so_and_runs_again() {
    Installation::own(with_profiles(&["badmemory"]), |dcaas| async move {
        let (person, token) = runs(&dcaas).await;
        let session = dcaas.status(&token).await["session"].clone();
        let pod = format!("{}/workspace-0", person.namespace());
        control("POST", "/machines/faults", json!({ "pool": "badmemory", "kind": "oom", "pod": pod })).await;
        let again = says(&dcaas, &token, "running", "used more memory than profile 'badmemory' has").await;
        assert!(again["next"].as_str().unwrap().contains("larger profile"), "{again}");
        assert_eq!(again["session"], session, "the same session goes on");
        assert!(again["address"].is_string(), "{again}");

        // its machine is asked for the log, and does not give it: that is no tunnel which is being set up
        dcaas
            .fault(
                json!({ "party": "kubernetes", "path": "/log", "times": null, "fault": { "status": 503 } }),
            )
            .await;
        let unheard = dcaas.status(&token).await;
        assert_eq!(unheard["phase"], "running", "{unheard}");
        assert!(unheard.get("address").is_none(), "{unheard}");
        unavailable(&dcaas.get(&token, "/api/logs").await, "cluster-unavailable");
        dcaas.clear_faults().await;
        assert!(dcaas.status(&token).await["address"].is_string());
    })
    .await;
}

#[tokio::test]
async fn a_workspace_whose_machine_is_lost_says_so_and_runs_again_on_another() {
    Installation::own(with_profiles(&["badloss"]), |dcaas| async move {
        let (person, token) = runs(&dcaas).await;
        let place = async || {
            let pods = person.pods().await;
            let pod = pods.first()?;
            Some((pod["metadata"]["uid"].clone(), pod["spec"]["nodeName"].as_str()?.to_owned()))
        };
        let home = async || {
            let claim = get(&person.path("persistentvolumeclaims/home")).await.unwrap();
            claim["spec"]["volumeName"].clone()
        };
        let (disk, (pod, node)) = (home().await, place().await.unwrap());
        control("POST", &format!("/machines/{node}/lose"), json!(null)).await;

        let path = format!("/api/v1/nodes/{node}");
        eventually("the cluster notices", || async {
            let node = get(&path).await?;
            let conditions = node["status"]["conditions"].as_array()?;
            conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "Unknown").then_some(())
        })
        .await;
        let lost = says(&dcaas, &token, "failed", "is lost").await;
        assert!(lost["next"].as_str().unwrap().contains("Home and data are kept"), "{lost}");

        eventually("the cloud gives the machine up", || async { get(&path).await.is_none().then_some(()) })
            .await;
        let (_, other) =
            eventually("a new pod has a machine", || async { place().await.filter(|(uid, _)| *uid != pod) })
                .await;
        assert_ne!(other, node);
        dcaas.until(&token, "running").await;
        assert_eq!(home().await, disk, "the same home");
    })
    .await;
}
