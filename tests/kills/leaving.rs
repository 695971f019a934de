//! The same of leaving, whoever notices it, and of what is deleted in the end: one record for each session, everything
//! dated, nothing left behind, and a return that works.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Ask, KILLS, Place, quiet};
use crate::world::{Installation, Person, eventually, get, kubernetes, sign_in};

/// Who notices that somebody has left.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Message,
    Comparison,
}

impl By {
    /// Lets it be noticed, and waits until that has come to its end.
    async fn notice(self, dcaas: &Installation, person: &Person) {
        match self {
            Self::Comparison => while !dcaas.try_to_reconcile().await {},
            Self::Message => {
                // a sign-in that waits has messages of its own
                let succeeded = async || {
                    let log = dcaas.log().await;
                    let said = |text: &str| log.matches(text).count();
                    said("people have left") + said(&format!("{} is not in the group", person.oid))
                };
                dcaas.quiet().await;
                let before = succeeded().await;
                dcaas.enqueue(person).await;
                eventually("the message is worked off", || async {
                    (succeeded().await > before).then_some(())
                })
                .await;
            }
        }
    }
}

/// Lets the kill come, whomever the request is about.
async fn arm(Place { party, kill, n }: Place, dcaas: &Installation) {
    dcaas.clear_faults().await;
    dcaas.reset_gate().await;
    dcaas.fault(json!({ "party": party, "skip": n, "fault": kill })).await;
}

/// The sessions of which there is a record, in the order of their names, each as often as there is one.
async fn recorded(dcaas: &Installation, person: &Person) -> Vec<String> {
    let blobs = dcaas.blobs("usage", "").await.unwrap_or_default();
    let records = blobs.iter().filter(|(name, _)| name.contains(&person.oid));
    let session = |text: &String| {
        let record: Value = serde_json::from_str(text).unwrap();
        assert_eq!(record["by"], "leaving", "{record}");
        record["session"].as_str().unwrap().to_owned()
    };
    let mut sessions: Vec<String> = records.map(|(_, text)| session(text)).collect();
    sessions.sort();
    sessions
}

/// Somebody with a session leaves and comes back again and again, and each time it is killed one request later.
async fn left_and_killed(wish: Value, by: By, parties: &[&'static str], kill: &'static str) {
    Installation::own(wish, |dcaas| async move {
        let (ada, _ben) = (dcaas.member().await, dcaas.member().await);
        let token = ada.token().await;
        // a comparison subscribes, and then somebody else would notice, too
        dcaas.trouble(json!({ "notifications": { "drop": u32::MAX } })).await;
        let mut sessions = BTreeSet::new();
        for &party in parties {
            for n in 0.. {
                let place = Place { party, kill, n };
                let told = Ask::Start("killl").until_granted(&dcaas, &token).await;
                sessions.insert(told["session"].as_str().unwrap().to_owned());
                ada.leave().await;
                arm(place, &dcaas).await;
                by.notice(&dcaas, &ada).await;
                let what = format!("{by:?}, {place:?}");
                assert!(ada.set().await.is_none(), "{what}");
                assert!(ada.left().await.is_some(), "{what}");
                assert!(get(&ada.path("secrets/tunnel")).await.is_none(), "{what}");
                assert!(recorded(&dcaas, &ada).await.iter().eq(&sessions), "{what}");
                let hit = place.has_hit(&dcaas).await;
                dcaas.clear_faults().await;
                ada.join().await;
                // where no request of leaving met the kill, one for a sign-in that waits may have, until a moment ago
                let start = Ask::Start("killl").until_granted(&dcaas, &token).await;
                assert_eq!(start["phase"], "sign-in", "{what}: {start}");
                assert_eq!(ada.left().await, None, "{what}");
                sign_in(&ada).await;
                if !hit {
                    assert!(n > 0, "{what}: no request at all");
                    break;
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn leaving_killed_at_any_request_comes_to_the_same_end_and_a_return_works() {
    let wish = quiet(&["killl"]).await;
    let [before, after] = KILLS;
    // how it is noticed makes no difference to what is done in the cluster
    tokio::join!(
        left_and_killed(wish.clone(), By::Message, &["kubernetes"], before),
        left_and_killed(wish.clone(), By::Message, &["kubernetes"], after),
        left_and_killed(wish.clone(), By::Message, &["blob", "graph"], before),
        left_and_killed(wish.clone(), By::Message, &["blob"], after),
        left_and_killed(wish.clone(), By::Comparison, &["kubernetes"], after),
        left_and_killed(wish.clone(), By::Comparison, &["graph"], before),
        left_and_killed(wish, By::Comparison, &["graph"], after),
    );
}

#[tokio::test]
async fn a_comparison_killed_while_it_has_somebody_looked_at_brings_them_all_the_same() {
    Installation::own(json!({}), |dcaas| async move {
        for kill in KILLS {
            let ada = dcaas.person().await;
            let place = Place { party: "queue", kill, n: 0 };
            arm(place, &dcaas).await;
            By::Comparison.notice(&dcaas, &ada).await;
            assert!(place.has_hit(&dcaas).await, "{kill}");
            ada.there().await;
        }
    })
    .await;
}

/// Somebody who left a month ago.
async fn left_long_ago(dcaas: &Installation) -> Person {
    let ada = dcaas.member().await;
    ada.leave().await;
    By::Message.notice(dcaas, &ada).await;
    let long_ago = json!({ "at": chrono::Utc::now() - chrono::TimeDelta::days(31) }).to_string();
    let annotation = json!({ "metadata": { "annotations": { "dcaas.dev/left": long_ago } } });
    kubernetes("PATCH", &format!("/api/v1/namespaces/{}", ada.namespace()), annotation).await.unwrap();
    ada
}

#[tokio::test]
async fn what_is_past_retention_goes_wherever_its_deletion_is_killed() {
    let wish = json!({ "settings": { "DELETE_DATA": "true" } });
    Installation::own(wish, |dcaas| async move {
        let _stays = dcaas.member().await;
        let mut killed = Vec::new();
        for party in ["kubernetes", "blob"] {
            for kill in KILLS {
                for n in 0.. {
                    let (place, ada) = (Place { party, kill, n }, left_long_ago(&dcaas).await);
                    place.arm(&dcaas, &ada).await;
                    By::Comparison.notice(&dcaas, &ada).await;
                    let hit = place.has_hit(&dcaas).await;
                    dcaas.clear_faults().await;
                    assert!(hit || n > 0, "{place:?}: no request at all");
                    killed.push((place, ada));
                    if !hit {
                        break;
                    }
                }
            }
        }
        for (place, ada) in killed {
            let (what, ns) = (format!("{place:?}"), ada.namespace());
            for path in [format!("/api/v1/namespaces/{ns}"), format!("/api/v1/persistentvolumes/{ns}")] {
                eventually(&what, || async { get(&path).await.is_none().then_some(()) }).await;
            }
            assert_eq!(dcaas.blobs(&ns, "").await, None, "{what}");
        }
    })
    .await;
}
