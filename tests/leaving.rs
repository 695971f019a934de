//! Leaving: whoever the group holds no more loses their workspace, and nothing else; and they can come back.

mod broken_off;

use serde_json::{Value, json};

use crate::world::{Installation, Person, control, eventually, get, kubernetes};

#[tokio::test]
async fn somebody_who_is_removed_from_the_group_loses_what_runs_and_keeps_what_is_stored() {
    Installation::own(json!({}), |dcaas| async move {
        // without a subscription nobody is told of anything
        dcaas.reconcile().await;
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let token = ada.token().await;
        dcaas.start_steady(&token).await;
        let session = dcaas.until(&token, "running").await["session"].as_str().unwrap().to_owned();
        ada.leave().await;
        ada.gone().await;
        assert!(ada.left().await.unwrap()["at"].is_string());
        for name in ["tunnel", "sign-in"] {
            assert!(get(&ada.path(&format!("secrets/{name}"))).await.is_none(), "{name}");
        }
        eventually("the pod is gone", || async { ada.pods().await.is_empty().then_some(()) }).await;
        // the disk, the volume and the container are kept
        assert!(get(&ada.path("persistentvolumeclaims/home")).await.is_some());
        assert!(get(&format!("/api/v1/persistentvolumes/{}", ada.namespace())).await.is_some());
        assert_eq!(dcaas.blobs(&ada.namespace(), "").await, Some(vec![]));
        // the session is recorded, and a caller is told that they have nothing here
        let usage = dcaas.blobs("usage", "").await.unwrap();
        let [(name, text)] = &usage[..] else { panic!("{usage:?}") };
        assert!(name.ends_with(&format!("/{}/{session}.json", ada.oid)), "{name}");
        let record: Value = serde_json::from_str(text).unwrap();
        assert_eq!((&record["by"], &record["profile"]), (&json!("leaving"), &json!("steady")), "{record}");
        assert!(record["started"].as_str() < record["ended"].as_str(), "{record}");
        dcaas.start_steady(&token).await.refuses(403, "not-a-member", "a start after leaving");
        assert!(ben.set().await.is_some(), "nobody else is touched");
    })
    .await;
}

#[tokio::test]
async fn somebody_who_comes_back_has_their_things_again() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let (ada, _ben) = (dcaas.member().await, dcaas.member().await);
        let disk = ada.path("persistentvolumeclaims/home");
        let before = get(&disk).await.unwrap()["metadata"]["uid"].clone();
        dcaas.put_blob(&ada.namespace(), "model.bin", "weights").await;
        ada.leave().await;
        ada.gone().await;
        ada.join().await;
        ada.there().await;
        assert_eq!(ada.left().await, None);
        assert_eq!(get(&disk).await.unwrap()["metadata"]["uid"], before);
        let data = dcaas.blobs(&ada.namespace(), "").await.unwrap();
        assert_eq!(data, [("model.bin".to_owned(), "weights".to_owned())]);
        // one that is made again may need a moment to settle
        dcaas.until(&ada.token().await, "stopped").await;
    })
    .await;
}

#[tokio::test]
async fn people_who_leave_together_are_seen_off_by_one_look_at_everybody() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let people = [dcaas.member().await, dcaas.member().await, dcaas.member().await, dcaas.member().await];
        let ours = json!({ "installation": dcaas.name });
        let hold = json!({ "installation": dcaas.name, "notifications": { "hold": true, "pack": "single" } });
        control("PUT", "/graph/troubles", hold).await;
        dcaas.reset_gate().await;
        for person in &people[1..] {
            person.leave().await;
        }
        control("POST", "/graph/release", ours).await;
        eventually("each of their messages is done with", || async {
            let log = dcaas.log().await;
            let said = |text: &str| log.matches(text).count();
            (said("people have left") + said("and has no workspace") >= 3).then_some(())
        })
        .await;
        for person in &people[1..] {
            assert!(person.set().await.is_none(), "{}", person.oid);
        }
        let graph = dcaas.requests("graph").await;
        let lists = graph.iter().filter(|request| request.contains("/transitiveMembers/")).count();
        assert_eq!(lists, 1, "{graph:?}");
        assert!(people[0].set().await.is_some(), "nobody else is touched");
    })
    .await;
}

/// Dates their leaving back to before what is kept goes.
async fn left_long_ago(person: &Person) {
    let long_ago = json!({ "at": chrono::Utc::now() - chrono::TimeDelta::days(31) }).to_string();
    let annotation = json!({ "metadata": { "annotations": { "dcaas.dev/left": long_ago } } });
    kubernetes("PATCH", &format!("/api/v1/namespaces/{}", person.namespace()), annotation).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_somebody_saves_in_the_last_moment_is_not_deleted() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let (ada, _ben) = (dcaas.member().await, dcaas.member().await);
        let disk = ada.path("persistentvolumeclaims/home");
        let before = get(&disk).await.unwrap()["metadata"]["uid"].clone();
        ada.leave().await;
        ada.gone().await;
        left_long_ago(&ada).await;
        let namespace = format!("/api/v1/namespaces/{}", ada.namespace());
        let volume = format!("/api/v1/persistentvolumes/{}", ada.namespace());
        // the look has been, the volume goes first, and the namespace would be next
        let late = json!({ "delay_ms": 5000 });
        dcaas
            .fault(json!({ "party": "kubernetes", "method": "DELETE", "path": namespace, "fault": late }))
            .await;
        let saved = async {
            eventually("the volume goes", || async {
                let volume = get(&volume).await;
                volume.is_none_or(|it| !it["metadata"]["deletionTimestamp"].is_null()).then_some(())
            })
            .await;
            let kept = json!({ "metadata": { "annotations": { "dcaas.dev/left": null } } });
            kubernetes("PATCH", &namespace, kept).await.unwrap();
        };
        futures::future::join(dcaas.reconcile(), saved).await;
        assert!(
            dcaas.requests("kubernetes").await.iter().any(|r| r.starts_with(&format!("DELETE {namespace}")))
        );
        assert!(get(&namespace).await.unwrap()["metadata"]["deletionTimestamp"].is_null());
        assert_eq!(get(&disk).await.unwrap()["metadata"]["uid"], before);
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_goes_when_its_time_is_over_and_the_container_only_if_the_settings_say_so() {
    for delete_data in [false, true] {
        let settings = json!({ "settings": { "DELETE_DATA": delete_data.to_string() } });
        Installation::own(settings, |dcaas| async move {
            dcaas.reconcile().await;
            let (ada, _ben) = (dcaas.member().await, dcaas.member().await);
            ada.leave().await;
            ada.gone().await;
            dcaas.reconcile().await;
            let namespace = format!("/api/v1/namespaces/{}", ada.namespace());
            assert!(get(&namespace).await.unwrap()["metadata"]["deletionTimestamp"].is_null());
            left_long_ago(&ada).await;
            dcaas.reconcile().await;
            let volume = format!("/api/v1/persistentvolumes/{}", ada.namespace());
            for path in [&namespace, &volume] {
                eventually("it is gone", || async { get(path).await.is_none().then_some(()) }).await;
            }
            assert_eq!(dcaas.blobs(&ada.namespace(), "").await.is_some(), !delete_data);
            // and who returns after that begins anew
            ada.join().await;
            ada.there().await;
        })
        .await;
    }
}
