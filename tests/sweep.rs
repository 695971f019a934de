//! The sweep: what nobody asks about is done all the same, once, whoever is killed in between.

mod fire;
mod races;
mod silence;

use serde_json::{Value, json};

use crate::world::{Installation, Person, Token, eventually, get, kubernetes, with_profiles};

/// A note of a person's StatefulSet.
pub async fn note(person: &Person, name: &str) -> Value {
    let set = person.set().await.unwrap();
    let text = set["metadata"]["annotations"][name].as_str().unwrap().to_owned();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

pub async fn set_notes(person: &Person, session: &Value, ended: &str) {
    let notes = json!({ "dcaas.dev/session": session.to_string(), "dcaas.dev/ended": ended });
    kubernetes("PATCH", &person.set_path(), json!({ "metadata": { "annotations": notes } })).await.unwrap();
}

/// A session that has ended; its id.
async fn ran(dcaas: &Installation, person: &Person, token: &Token) -> String {
    dcaas.start(token, json!({})).await;
    let session = note(person, "dcaas.dev/session").await["id"].as_str().unwrap().to_owned();
    dcaas.stop(token).await;
    session
}

/// The writes that the cluster got.
async fn writes(dcaas: &Installation) -> Vec<String> {
    let all = dcaas.requests("kubernetes").await;
    all.into_iter().filter(|request| !request.starts_with("GET ")).collect()
}

#[tokio::test]
async fn hours_of_ended_sessions_are_recorded_once_and_then_two_lists_are_all_that_is_asked() {
    Installation::own(with_profiles(&["sweepa"]), |dcaas| async move {
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let session = ran(&dcaas, &ada, &ada.token().await).await;
        assert_eq!(note(&ada, "dcaas.dev/ended").await["recorded"], false);
        dcaas.sweep().await;
        let ended = note(&ada, "dcaas.dev/ended").await;
        assert_eq!(
            (&ended["recorded"], &ended["why"]),
            (&json!(true), &json!("you asked for it")),
            "{ended}"
        );
        let usage = dcaas.blobs("usage", "").await.unwrap();
        let [(name, text)] = &usage[..] else { panic!("{usage:?}") };
        assert!(name.ends_with(&format!("/{}/{session}.json", ada.oid)), "{name}");
        let record: Value = serde_json::from_str(text).unwrap();
        assert_eq!((&record["profile"], &record["ended"]), (&json!("sweepa"), &ended["at"]), "{record}");
        assert_eq!(note(&ben, "dcaas.dev/ended").await["why"], "never started");

        dcaas.reset_gate().await;
        dcaas.sweep().await;
        let asked = dcaas.requests("kubernetes").await;
        assert_eq!(asked, ["GET /api/v1/pods 200", "GET /apis/apps/v1/statefulsets 200"]);
        assert_eq!(dcaas.requests("blob").await, Vec::<String>::new());
        assert_eq!(dcaas.blobs("usage", "").await.unwrap(), usage);
    })
    .await;
}

#[tokio::test]
async fn a_sweep_killed_or_refused_at_any_request_leaves_the_rest_to_the_next() {
    Installation::own(with_profiles(&["sweepb"]), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        let mut sessions = 0;
        for party in ["kubernetes", "blob"] {
            for fault in [json!("kill-before"), json!("kill-after"), json!({ "status": 403 })] {
                for n in 0.. {
                    let session = ran(&dcaas, &ada, &token).await;
                    sessions += 1;
                    dcaas.fault(json!({ "party": party, "skip": n, "fault": fault })).await;
                    let undisturbed = dcaas.try_to_sweep().await;
                    dcaas.clear_faults().await;
                    eventually("a sweep to the end", || async { dcaas.try_to_sweep().await.then_some(()) })
                        .await;
                    let what = format!("{party} {fault} {n}");
                    assert_eq!(note(&ada, "dcaas.dev/ended").await["recorded"], true, "{what}");
                    let usage = dcaas.blobs("usage", "").await.unwrap();
                    assert_eq!(usage.len(), sessions, "{what}");
                    assert!(usage.iter().any(|(name, _)| name.contains(&session)), "{what}");
                    if undisturbed {
                        assert!(n > 0, "{what}: no request at all");
                        break;
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_start_whose_sign_in_is_gone_or_past_its_time_is_over() {
    Installation::own(with_profiles(&["sweepc"]), |dcaas| async move {
        let (now, day) = (chrono::Utc::now(), chrono::TimeDelta::days(1));
        let waits = |person: &Person| {
            json!({
                "v": 1, "id": "waiting", "asked": now, "by": person.oid, "profile": "sweepc", "image": "i",
                "waits": "flow",
            })
        };
        let flow = |expires| {
            json!({
                "id": "flow", "provider": "github", "user_code": "WDJB-MJHT", "page": "https://example.com",
                "expires": expires, "interval_ms": 5000, "next_poll": expires,
            })
        };
        let rows = [
            ("gone", None, Some("is gone")),
            ("past its time", Some(now - day), Some("was not used in time")),
            ("waits", Some(now + day), None),
        ];
        for (what, expires, why) in rows {
            // nobody puts a message for what only looks as if a start had left it
            let ada = dcaas.person().await;
            dcaas.enqueue(&ada).await;
            eventually("the member is provisioned", || ada.set()).await;
            if let Some(expires) = expires {
                let secret = json!({
                    "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "sign-in" },
                    "stringData": { "flow": flow(expires).to_string(), "device_code": "none" },
                });
                kubernetes("POST", &ada.path("secrets"), secret).await.unwrap();
            }
            set_notes(&ada, &waits(&ada), "").await;
            dcaas.sweep().await;
            let ended = note(&ada, "dcaas.dev/ended").await;
            let Some(why) = why else {
                assert_eq!(ended, Value::Null, "{what}");
                assert!(get(&ada.path("secrets/sign-in")).await.is_some(), "{what}");
                continue;
            };
            assert_eq!(ended["by"], "sign-in", "{what}: {ended}");
            assert!(ended["why"].as_str().unwrap().contains(why), "{what}: {ended}");
            assert!(get(&ada.path("secrets/sign-in")).await.is_none(), "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_pod_of_an_older_session_goes_and_the_session_gets_its_own() {
    Installation::own(json!({}), |dcaas| async move {
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        for person in [&ada, &ben] {
            let token = person.token().await;
            dcaas.start_steady(&token).await;
            dcaas.until(&token, "running").await;
        }
        // as a start leaves it that was killed after its patch
        let mut session = note(&ada, "dcaas.dev/session").await;
        let first = session["id"].clone();
        session["id"] = json!("second");
        set_notes(&ada, &session, "").await;
        let label = json!({ "spec": { "template": { "metadata": { "labels": { "dcaas.dev/session": "second" } } } } });
        kubernetes("PATCH", &ada.set_path(), label).await.unwrap();
        let pod_of = |pods: Vec<Value>| pods[0]["metadata"]["labels"]["dcaas.dev/session"].clone();
        assert_eq!(pod_of(ada.pods().await), first);
        let kept = ben.pods().await[0]["metadata"]["uid"].clone();
        dcaas.reset_gate().await;
        dcaas.sweep().await;
        let asked = writes(&dcaas).await;
        let deleted: Vec<_> = asked.iter().filter(|request| request.starts_with("DELETE ")).collect();
        assert!(deleted.len() == 1 && deleted[0].contains(&ada.oid), "{asked:?}");
        eventually("the session's own pod", || async {
            let pods = ada.pods().await;
            (!pods.is_empty() && pod_of(pods) == "second").then_some(())
        })
        .await;
        assert_eq!(ben.pods().await[0]["metadata"]["uid"], kept, "nobody else's is touched");
        dcaas.reset_gate().await;
        dcaas.sweep().await;
        assert_eq!(writes(&dcaas).await, Vec::<String>::new(), "there is nothing left to do");
        for person in [&ada, &ben] {
            dcaas.stop(&person.token().await).await;
        }
    })
    .await;
}
