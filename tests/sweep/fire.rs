//! The API server fails at every request of a sweep, for a moment or for long: what a workspace comes to is the same,
//! and nobody else's waits for it.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};

use super::note;
use crate::{
    idle::{ended, session, with_policy},
    world::{Installation, Person, break_machines, cluster_faults, eventually, with_profiles},
};

/// So many requests there are about one at least: it is noted, warned of in two writes, looked at once more, stopped,
/// and noted as written down.
const REQUESTS: usize = 6;

/// The wish for an installation whose machines never come, so that nothing but the cluster is waited for.
async fn quiet(pool: &str) -> Value {
    Installation::own(with_profiles(&[pool]), |_| async {}).await;
    break_machines(pool, "max-reached").await;
    let policy = json!({ "after": "1s", "graceAfterStart": "0s", "unknownFor": "2s", "warnBefore": "1s" });
    with_policy(pool, policy)
}

/// Somebody who was started, and whom the sweep will warn, stop and write down.
async fn started(dcaas: &Installation) -> Person {
    let person = dcaas.member().await;
    assert_eq!(dcaas.start(&person.token().await, json!({})).await.status, 202);
    eventually("there is a pod", || async { (!person.pods().await.is_empty()).then_some(()) }).await;
    person
}

/// What it came to, without what is each one's own.
async fn end(person: &Person) -> Option<BTreeMap<&'static str, Value>> {
    let (end, last, set) =
        (ended(person).await, note(person, "dcaas.dev/session").await, person.set().await?);
    let warned_first = last["warned"].is_string() && last["look"].as_str() <= end["at"].as_str();
    (end["recorded"] == true).then(|| {
        BTreeMap::from([
            ("why", end["why"].clone()),
            ("by", end["by"].clone()),
            ("replicas", set["spec"]["replicas"].clone()),
            ("changes of what is wished for", set["metadata"]["generation"].clone()),
            ("warned first", json!(warned_first)),
        ])
    })
}

/// Sweeps until it has come to an end for all of them.
async fn all_ended(dcaas: &Installation, people: &[&Person]) {
    eventually("all have ended, and are written down", || async {
        dcaas.try_to_sweep().await;
        let ends = join_all(people.iter().map(|person| end(person))).await;
        ends.iter().all(Option::is_some).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cluster_that_fails_at_any_request_about_a_workspace_changes_nothing_of_its_end() {
    Installation::own(quiet("firea").await, |dcaas| async move {
        let dcaas = &dcaas;
        let undisturbed = started(dcaas).await;
        dcaas.reset_gate().await;
        all_ended(dcaas, &[&undisturbed]).await;
        let wanted = end(&undisturbed).await.unwrap();
        assert_eq!((&wanted["why"], &wanted["by"]), (&json!("for 2 s no machine took it"), &json!("sweep")));
        assert_eq!((&wanted["replicas"], &wanted["warned first"]), (&json!(0), &json!(true)), "{wanted:?}");
        let about = |request: &&String| request.contains(&undisturbed.oid);
        let asked = dcaas.requests("kubernetes").await;
        assert!(asked.iter().filter(about).count() >= REQUESTS, "{asked:?}");

        let mut cases = Vec::new();
        for (fault, word) in cluster_faults() {
            for n in 0..REQUESTS {
                cases.push((fault.clone(), word, n));
            }
        }
        let cases = join_all(cases.into_iter().map(async |(fault, word, n)| {
            (started(dcaas).await, fault, word, n)
        }))
        .await;
        dcaas.reset_gate().await;
        for (person, fault, word, n) in &cases {
            // a hanging request costs ten seconds each time
            let times = if *word == "hang" { 1 } else { 2 };
            let about = json!({ "party": "kubernetes", "path": person.oid, "skip": n, "times": times, "fault": fault });
            dcaas.fault(about).await;
        }
        let people: Vec<&Person> = cases.iter().map(|(person, ..)| person).collect();
        all_ended(dcaas, &people).await;
        let asked = dcaas.requests("kubernetes").await;
        for (person, _, word, n) in &cases {
            let met = asked.iter().any(|r| r.contains(&person.oid) && r.ends_with(&format!(" {word}")));
            assert!(met, "{word} {n} hit nothing");
            assert_eq!(end(person).await.unwrap(), wanted, "{word} {n}");
        }
        assert_eq!(dcaas.blobs("usage", "").await.unwrap().len(), cases.len() + 1);
    })
    .await;
}

#[tokio::test]
async fn a_cluster_that_fails_for_long_is_waited_for_and_hurts_nobody_else() {
    Installation::own(quiet("fireb").await, |dcaas| async move {
        let dcaas = &dcaas;
        // a hanging request would cost ten seconds each time
        let lasting = cluster_faults().into_iter().filter(|(_, word)| *word != "hang");
        let cases = join_all(lasting.map(async |(fault, word)| (started(dcaas).await, fault, word))).await;
        let other = started(dcaas).await;
        for (person, fault, _) in &cases {
            let about = json!({ "party": "kubernetes", "path": person.oid, "times": null, "fault": fault });
            dcaas.fault(about).await;
        }
        all_ended(dcaas, &[&other]).await;
        assert!(!dcaas.try_to_sweep().await, "a sweep that left somebody says so");
        for (person, _, word) in &cases {
            let session = session(person).await;
            assert!(ended(person).await.is_null() && session["warned"].is_null(), "{word}: {session}");
            assert_eq!(person.set().await.unwrap()["spec"]["replicas"], 1, "{word}");
        }
        dcaas.clear_faults().await;
        let people: Vec<&Person> = cases.iter().map(|(person, ..)| person).collect();
        all_ended(dcaas, &people).await;
        let wanted = end(&other).await.unwrap();
        for (person, _, word) in &cases {
            assert_eq!(end(person).await.unwrap(), wanted, "{word}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_that_fail_are_asked_for_again_or_left_to_the_next_sweep() {
    Installation::own(quiet("firec").await, |dcaas| async move {
        let ada = started(&dcaas).await;
        for (fault, word) in cluster_faults() {
            for n in 0..2 {
                dcaas.reset_gate().await;
                dcaas.fault(json!({ "party": "kubernetes", "skip": n, "fault": fault })).await;
                assert!(dcaas.try_to_sweep().await, "{word} {n}: a short trouble is outlasted");
                let asked = dcaas.requests("kubernetes").await;
                assert!(asked[n].ends_with(&format!(" {word}")), "{word} {n}: {asked:?}");
                dcaas.clear_faults().await;
            }
        }
        for path in ["/api/v1/pods", "/apis/apps/v1/statefulsets"] {
            dcaas
                .fault(
                    json!({ "party": "kubernetes", "path": path, "times": null, "fault": { "status": 503 } }),
                )
                .await;
            dcaas.reset_gate().await;
            assert!(!dcaas.try_to_sweep().await, "{path}");
            let asked = dcaas.requests("kubernetes").await;
            assert!(asked.iter().all(|request| request.starts_with("GET ")), "nothing is decided: {asked:?}");
            dcaas.clear_faults().await;
        }
        all_ended(&dcaas, &[&ada]).await;
    })
    .await;
}
