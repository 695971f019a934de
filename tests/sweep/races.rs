//! Two at once: another sweep, or a person who starts anew, between the look of a sweep and its stop.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{note, set_notes};
use crate::{
    idle::{Runs, ended, session, with_policy},
    world::{Installation, Person, break_machines, eventually, with_profiles},
};

fn seconds() -> Value {
    json!({ "after": "4s", "graceAfterStart": "0s", "unknownFor": "20s", "warnBefore": "2s" })
}

#[tokio::test]
async fn a_start_between_the_look_and_the_stop_is_not_stopped() {
    Installation::own(with_policy("racea", seconds()), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        ada.until_warned().await;
        eventually("the time of the warning is over", || async {
            let look = session(&ada.person).await["look"].as_str()?.parse::<chrono::DateTime<chrono::Utc>>();
            (look.ok()? < chrono::Utc::now()).then_some(())
        })
        .await;
        dcaas.reset_gate().await;
        // only the first of them: the sweep's
        let late = json!({ "party": "kubernetes", "method": "PATCH", "path": "statefulsets", "fault": { "delay_ms": 4000 } });
        dcaas.fault(late).await;
        let anew = async {
            eventually("the stop is on its way", || async {
                let asked = dcaas.requests("kubernetes").await;
                (asked.iter().filter(|request| request.contains("/log")).count() >= 2).then_some(())
            })
            .await;
            assert!([200, 202].contains(&dcaas.stop(&ada.token).await.status));
            assert_eq!(dcaas.start(&ada.token, json!({})).await.status, 202);
            session(&ada.person).await["id"].clone()
        };
        let ((), second) = tokio::join!(ada.idle(), anew);
        assert_ne!(second, ada.session.as_str());
        assert_eq!((ended(&ada.person).await, &session(&ada.person).await["id"]), (Value::Null, &second));
        let status = dcaas.until(&ada.token, "running").await;
        assert_eq!(status["session"], second, "{status}");
        dcaas.stop(&ada.token).await;
    })
    .await;
}

/// Somebody whose session is due to be stopped, and no machine ever comes.
async fn due(dcaas: &Installation) -> (Person, Value, i64) {
    let person = dcaas.member().await;
    assert_eq!(dcaas.start(&person.token().await, json!({})).await.status, 202);
    eventually("there is a pod", || async { (!person.pods().await.is_empty()).then_some(()) }).await;
    let mut session = note(&person, "dcaas.dev/session").await;
    let ago = chrono::Utc::now() - chrono::TimeDelta::hours(2);
    for name in ["asked", "started", "warned", "look", "unknown"] {
        session[name] = json!(ago);
    }
    set_notes(&person, &session, "").await;
    let generation = person.set().await.unwrap()["metadata"]["generation"].as_i64().unwrap();
    (person, session, generation)
}

#[tokio::test]
async fn two_sweeps_at_once_stop_nothing_twice() {
    Installation::own(with_profiles(&["raceb"]), |_| async {}).await;
    break_machines("raceb", "max-reached").await;
    let policy = json!({ "after": "1s", "graceAfterStart": "0s", "unknownFor": "1s", "warnBefore": "1s" });
    Installation::own(with_policy("raceb", policy), |dcaas| async move {
        let people = join_all((0..6).map(|_| due(&dcaas))).await;
        dcaas.reset_gate().await;
        let swept = tokio::join!(dcaas.try_to_sweep(), dcaas.try_to_sweep(), dcaas.try_to_sweep());
        assert_eq!(swept, (true, true, true), "one that was late has nothing to say");
        let asked = dcaas.requests("kubernetes").await;
        let mut ends = Vec::new();
        for (person, before, generation) in &people {
            let of_set = format!("{}/statefulsets/workspace", person.namespace());
            let stops = asked
                .iter()
                .filter(|r| r.starts_with("PATCH ") && r.contains(&of_set) && r.ends_with(" 200"));
            assert_eq!(stops.count(), 1, "{asked:#?}");
            let end = ended(person).await;
            assert_eq!((&end["by"], &end["recorded"]), (&json!("sweep"), &json!(false)), "{end}");
            assert_eq!(note(person, "dcaas.dev/session").await["id"], before["id"]);
            let now = person.set().await.unwrap()["metadata"]["generation"].as_i64().unwrap();
            assert_eq!(now, generation + 1, "one change of what is wished for");
            ends.push(end);
        }
        // and the hours are written down once
        tokio::join!(dcaas.try_to_sweep(), dcaas.try_to_sweep());
        dcaas.sweep().await;
        assert_eq!(dcaas.blobs("usage", "").await.unwrap().len(), people.len());
        for ((person, ..), mut end) in people.iter().zip(ends) {
            end["recorded"] = json!(true);
            assert_eq!(ended(person).await, end, "nothing else of it has changed");
        }
    })
    .await;
}
