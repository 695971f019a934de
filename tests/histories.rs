//! Histories: in whatever order people are added and removed, and however Graph tells of it, the end is what the
//! group says.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    kills::things::things,
    world::{Installation, Person, eventually, get},
};

/// Changes of a history at most.
const LONGEST: usize = 4;

/// One person's: who is in the group at first has a workspace, and each change is the opposite of the one before.
struct History {
    person: Person,
    member_first: bool,
    changes: usize,
}

impl History {
    /// All that there are, each with a person of its own.
    async fn all(dcaas: &Installation) -> Vec<Self> {
        let begin = |(member_first, changes)| async move {
            let person = Person::made(json!({ "installation": dcaas.name, "member": member_first })).await;
            if member_first {
                dcaas.enqueue(&person).await;
                person.there().await;
            }
            Self { person, member_first, changes }
        };
        join_all([false, true].into_iter().flat_map(|m| (1..=LONGEST).map(move |n| (m, n))).map(begin)).await
    }

    fn is_member_after(&self, changes: usize) -> bool {
        self.member_first ^ (changes % 2 == 1)
    }

    async fn change(&self, nth: usize) {
        if nth > self.changes {
        } else if self.is_member_after(nth) {
            self.person.join().await;
        } else {
            self.person.leave().await;
        }
    }

    /// Whether everything is as the group says, to the last object.
    async fn is_right(&self, wanted: &BTreeMap<String, Value>) -> bool {
        let person = &self.person;
        if self.is_member_after(self.changes) {
            return person.set().await.is_some() && things(person).await == *wanted;
        }
        // who left before their first message was handled has no namespace, and nothing to be dated
        let dated = match get(&format!("/api/v1/namespaces/{}", person.namespace())).await {
            Some(_) => person.left().await.is_some(),
            None => true,
        };
        dated && person.set().await.is_none() && get(&person.path("secrets/tunnel")).await.is_none()
    }

    fn text(&self) -> String {
        let Self { member_first, changes, person } = self;
        format!("a member first: {member_first}, {changes} changes, {}", person.oid)
    }
}

/// Plays all histories at once, in an installation of their own whose notifications come this way.
async fn told(way: &str, notifications: Value, one_by_one: bool) {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let stays = dcaas.member().await;
        let histories = History::all(&dcaas).await;
        let wanted = things(&stays).await;
        assert!(wanted.values().all(|thing| !thing.is_null()), "{wanted:#?}");
        dcaas.trouble(json!({ "notifications": notifications })).await;
        for nth in 1..=LONGEST {
            join_all(histories.iter().map(|history| history.change(nth))).await;
            if one_by_one {
                dcaas.quiet().await;
            }
        }
        dcaas.graph("release", json!({ "reverse": true })).await;
        dcaas.quiet().await;
        // and what came once comes late once more
        dcaas.graph("replay", json!({ "last": 6 })).await;
        dcaas.quiet().await;
        dcaas.reconcile().await;
        // so many of so few may be what the brake is for; then it needs a person, and one more comparison
        if dcaas.memory("brake").await.is_some() {
            dcaas.confirm().await;
            dcaas.reconcile().await;
            assert_eq!(dcaas.memory("brake").await, None, "{way}");
        }
        for history in &histories {
            let what = format!("{way}: {}", history.text());
            eventually(&what, || async { history.is_right(&wanted).await.then_some(()) }).await;
        }
        dcaas.quiet().await;
        for history in &histories {
            assert!(history.is_right(&wanted).await, "{way}, and nothing that is late: {}", history.text());
        }
        assert_eq!(things(&stays).await, wanted, "{way}: who stays");
    })
    .await;
}

#[tokio::test]
async fn every_order_of_changes_ends_as_the_group_says_however_it_is_told() {
    tokio::join!(
        told("one after the other", json!({}), true),
        told("at once, three times", json!({ "copies": 3, "pack": "single" }), false),
        told("late, twice, the last first", json!({ "hold": true, "copies": 2, "pack": "single" }), false),
        told("lost", json!({ "drop": u32::MAX }), false),
        told("without a name", json!({ "bare": true, "pack": "merged" }), false),
    );
}
