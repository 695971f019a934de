//! Two things at once: a new version or a message while a workspace runs, many starts, a start and a stop, and an
//! admin who deletes what is in use.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Call, provisioned};
use crate::world::{
    Installation, Person, break_machines, eventually, get, kubernetes, profiles, sign_in, with_profiles,
};

/// What must not change under a workspace that runs: its StatefulSet and its pod.
async fn untouched(person: &Person) -> (Value, Value) {
    let set = person.set().await.unwrap();
    // its controller counts in the status, and that is all
    let set = json!([set["metadata"]["generation"], set["metadata"]["annotations"], set["spec"]]);
    (set, person.pods().await[0]["metadata"]["uid"].clone())
}

#[tokio::test]
async fn a_new_version_touches_nothing_that_runs_and_counts_from_the_next_start_on() {
    Installation::own(with_profiles(&["badnew"]), |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        let started = dcaas.start(&token, json!({})).await.json();
        dcaas.until(&token, "running").await;
        let before = untouched(&person).await;

        let newer = json!({
            "PLATFORM_IMAGE": "dcaas.example/platform:next", "GRACE": "7s", "HOME_CLASS": "another",
            "HOME_SIZE": "8Gi", "PROFILES": profiles(&["badnext", "badnew"]), "DEFAULT_PROFILE": "badnext",
        });
        dcaas.change(newer).await;
        let running = dcaas.status(&token).await;
        assert_eq!((&running["phase"], &running["session"]), (&json!("running"), &started["session"]));
        dcaas.enqueue(&person).await;
        provisioned(&dcaas, &person).await;
        assert_eq!(untouched(&person).await, before, "neither by the version nor by a message");

        dcaas.stop(&token).await;
        dcaas.until(&token, "stopped").await;
        let before = person.set().await.unwrap()["spec"].clone();
        dcaas.enqueue(&person).await;
        dcaas.start(&token, json!({})).await;
        let next = person.set().await.unwrap()["spec"]["template"]["spec"].clone();
        assert_ne!(before["template"]["spec"], next);
        assert_eq!(next["terminationGracePeriodSeconds"], 7);
        assert_eq!(next["initContainers"][0]["image"], "dcaas.example/platform:next");
        assert_eq!(next["nodeSelector"]["kubernetes.azure.com/agentpool"], "badnext");
        dcaas.stop(&token).await;
    })
    .await;
}

/// Off and ended, or on and not: one without the other would be nobody's to mend.
async fn consistent(person: &Person) -> bool {
    let set = person.set().await.unwrap();
    let ended = set["metadata"]["annotations"]["dcaas.dev/ended"].as_str().unwrap();
    let note: Value =
        serde_json::from_str(set["metadata"]["annotations"]["dcaas.dev/session"].as_str().unwrap()).unwrap();
    assert_eq!(note["id"], set["spec"]["template"]["metadata"]["labels"]["dcaas.dev/session"]);
    let on = set["spec"]["replicas"] == 1;
    assert_eq!(on, ended.is_empty(), "{set:#}");
    on
}

#[tokio::test]
async fn starts_and_stops_at_once_come_to_one_end() {
    let wish = with_profiles(&["badrace"]);
    Installation::own(wish, |dcaas| async move {
        break_machines("badrace", "max-reached").await;
        let person = dcaas.member().await;
        let token = person.token().await;

        let starts = join_all((0..10).map(|_| Call::Start.ask(&dcaas, &token))).await;
        let sessions: Vec<Value> = starts
            .iter()
            .map(|answer| {
                assert!([200, 202].contains(&answer.status), "{}", answer.text);
                answer.json()["session"].clone()
            })
            .collect();
        assert!(
            sessions.iter().all(|session| session.is_string() && *session == sessions[0]),
            "{sessions:?}"
        );
        assert!(consistent(&person).await);

        for round in 0..20 {
            let (start, stop) = tokio::join!(Call::Start.ask(&dcaas, &token), Call::Stop.ask(&dcaas, &token));
            for answer in [&start, &stop] {
                assert!([200, 202].contains(&answer.status), "round {round}: {} {}", start.text, stop.text);
            }
            consistent(&person).await;
        }
        assert!(Call::Stop.is_good(&Call::Stop.ask(&dcaas, &token).await));
        assert!(!consistent(&person).await);
        eventually("nothing is left", || async { person.pods().await.is_empty().then_some(()) }).await;
    })
    .await;
}

#[tokio::test]
async fn a_namespace_deleted_by_hand_is_made_again_by_a_message() {
    Installation::own(with_profiles(&["badgone"]), |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        dcaas.start(&token, json!({})).await;
        dcaas.until(&token, "running").await;
        let path = format!("/api/v1/namespaces/{}", person.namespace());
        let first = get(&path).await.unwrap()["metadata"]["uid"].clone();

        kubernetes("DELETE", &path, json!(null)).await.unwrap();
        // while it goes the message fails, and comes again
        let failures = async || dcaas.log().await.matches("\"function\":\"provision\",\"code\"").count();
        let before = failures().await;
        dcaas.enqueue(&person).await;
        eventually("the message fails", || async { (failures().await > before).then_some(()) }).await;
        eventually("the old one is gone", || async {
            let there = get(&path).await;
            there.is_none_or(|namespace| namespace["metadata"]["uid"] != first).then_some(())
        })
        .await;
        // a message comes five times, which in a fast world may be over by now; then somebody asks for it again
        dcaas.enqueue(&person).await;
        eventually("everything is there again", || person.set()).await;
        sign_in(&person).await;
        dcaas.until(&token, "stopped").await;
        dcaas.start(&token, json!({})).await;
        dcaas.until(&token, "running").await;
    })
    .await;
}
