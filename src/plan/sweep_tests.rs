//! What is left to do for a workspace: one row for each state that a sweep can find.

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::{
    member::Member,
    workspace::{Ended, Pod, Seen, Session},
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn profiles() -> Profiles {
    Profiles::named(&["small"])
}

fn seen(started: Option<i64>, ended: Option<bool>, pods: &[Option<&str>]) -> Occupancy {
    let member = Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
    let pod = |(n, session): (usize, &Option<&str>)| Pod {
        name: "workspace-0".into(),
        uid: n.to_string(),
        session: session.map(ToOwned::to_owned),
        has_run: true,
    };
    Occupancy {
        member,
        uid: "set".into(),
        session: Some(Session {
            id: "two".into(),
            asked: at(0),
            started: started.map(at),
            waits: started.is_none().then(|| "flow".to_owned()),
            account: None,
            watch: crate::domain::idleness::Watch::default(),
            by: member,
            profile: "small".into(),
            image: "i".into(),
        }),
        ended: ended.map(|recorded| Ended { at: Some(at(60)), by: None, why: "so".into(), recorded }),
        seen: Seen { session: String::new(), ended: String::new() },
        pods: pods.iter().enumerate().map(pod).collect(),
        state: None,
    }
}

#[test]
fn what_is_not_understood_is_said_and_has_no_chore_of_its_own() {
    let unreadable = |text: &str| Occupancy {
        session: None,
        seen: Seen { session: text.into(), ended: String::new() },
        ..seen(None, None, &[Some("one")])
    };
    let rows = [
        ("runs", seen(Some(0), None, &[Some("two")]), 400, ""),
        ("never started", unreadable(""), 400, ""),
        ("from a later version", unreadable(r#"{"v":9}"#), 400, "can not be read"),
        ("a pod of nobody's", seen(Some(0), None, &[Some("two"), None]), 400, "of no session"),
        ("has just ended", seen(Some(0), Some(true), &[Some("two")]), 300, ""),
        ("switched on by hand", seen(Some(0), Some(true), &[Some("two")]), 400, "by hand"),
        ("off", seen(Some(0), Some(true), &[]), 400, ""),
    ];
    for (name, seen, now, why) in rows {
        let said = strange(&seen, at(now)).unwrap_or_default();
        assert!(said.contains(why) && said.is_empty() == why.is_empty(), "{name}: {said}");
        assert!(why.is_empty() || chores(&seen, &profiles()).is_empty(), "{name}");
    }
}

fn words(seen: &Occupancy) -> Vec<String> {
    let word = |chore: &Chore| match chore {
        Chore::Record(usage) => format!("record {}", usage.session),
        Chore::SignIn => "sign-in".to_owned(),
        Chore::DeletePod { uid, .. } => format!("delete {uid}"),
    };
    chores(seen, &profiles()).iter().map(word).collect()
}

#[test]
fn every_state_has_its_chores() {
    let rows: &[(&str, Occupancy, &[&str])] = &[
        ("runs", seen(Some(0), None, &[Some("two")]), &[]),
        ("starts, no pod yet", seen(Some(0), None, &[]), &[]),
        ("starts beside an older pod", seen(Some(0), None, &[Some("one")]), &["delete 0"]),
        ("both", seen(Some(0), None, &[Some("two"), Some("one")]), &["delete 1"]),
        ("waits", seen(None, None, &[]), &["sign-in"]),
        ("waits beside an older pod", seen(None, None, &[Some("one")]), &["delete 0", "sign-in"]),
        ("ended", seen(Some(0), Some(false), &[Some("two")]), &["record two"]),
        ("ended and recorded", seen(Some(0), Some(true), &[Some("two")]), &[]),
        ("ended while it waited", seen(None, Some(false), &[]), &[]),
        ("a pod that nobody knows", seen(Some(0), None, &[None]), &[]),
        (
            "a session that can not be read",
            Occupancy { session: None, ..seen(None, None, &[Some("one"), None]) },
            &[],
        ),
    ];
    for (name, seen, expected) in rows {
        assert_eq!(words(seen), *expected, "{name}");
    }
}
