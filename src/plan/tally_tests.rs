//! Tables of sessions and what they add up to.

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn member(n: u32) -> Member {
    Member::parse(&format!("{n:08}-0d3b-4b52-9a77-1c2d3e4f5a6b")).unwrap()
}

fn spell(session: &str, profile: &str, started: &str, ended: Option<&str>, price: Option<f64>) -> Spell {
    Spell {
        member: member(1),
        session: session.into(),
        profile: profile.into(),
        started: at(started),
        ended: ended.map(at),
        price_per_hour: price,
    }
}

#[test]
fn sessions_add_up_by_person_profile_and_day() {
    let now = at("2026-11-05T12:00:00Z");
    let spells = [
        spell("a", "t4", "2026-11-01T10:00:00Z", Some("2026-11-01T12:30:00Z"), Some(0.5)),
        // over two midnights
        spell("b", "t4", "2026-11-02T22:00:00Z", Some("2026-11-04T01:00:00Z"), Some(0.5)),
        // runs
        spell("c", "a100", "2026-11-05T11:00:00Z", None, Some(3.0)),
        // its record and its workspace tell of it both
        spell("c", "a100", "2026-11-05T11:00:00Z", Some("2026-11-05T11:30:00Z"), Some(3.0)),
        // its profile is gone
        spell("d", "old", "2026-11-05T00:00:00Z", Some("2026-11-05T01:00:00Z"), None),
        Spell {
            member: member(2),
            ..spell("e", "t4", "2026-11-05T00:00:00Z", Some("2026-11-05T01:00:00Z"), Some(0.5))
        },
    ];
    let told = tally(spells, now);
    assert_eq!(told.len(), 2);
    let ada = &told[&member(1)];
    assert_eq!((ada.whole.hours(), ada.whole.cost), (31.5, 17.75));
    assert_eq!((ada.sessions, ada.running, ada.unpriced), (4, true, 1));
    let profiles: Vec<_> =
        ada.profiles.iter().map(|(name, (a, n))| (name.as_str(), a.hours(), a.cost, *n)).collect();
    assert_eq!(profiles, [("a100", 1.0, 3.0, 1), ("old", 1.0, 0.0, 1), ("t4", 29.5, 14.75, 2)]);
    let days: Vec<_> = ada.days.iter().map(|(day, a)| (day.to_string(), a.hours())).collect();
    let expected = [
        ("2026-11-01", 2.5),
        ("2026-11-02", 2.0),
        ("2026-11-03", 24.0),
        ("2026-11-04", 1.0),
        ("2026-11-05", 2.0),
    ];
    assert_eq!(days, expected.map(|(day, hours)| (day.to_owned(), hours)));
    let ben = &told[&member(2)];
    assert_eq!((ben.whole.hours(), ben.whole.cost, ben.running), (1.0, 0.5, false));
}

#[test]
fn clocks_that_differ_take_nothing_away() {
    let future = spell("a", "t4", "2026-11-05T13:00:00Z", None, Some(0.5));
    let told = tally([future], at("2026-11-05T12:00:00Z"));
    let ada = &told[&member(1)];
    assert_eq!((ada.whole, ada.sessions, ada.running), (Amount::default(), 1, true));
    assert!(ada.days.is_empty());
}
