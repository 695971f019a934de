//! The tables of coming and going: who loses, when the brake holds, who joins, whose time is over.

use uuid::Uuid;

use super::*;

fn someone(n: u32) -> Member {
    Member::parse(&Uuid::from_u128(u128::from(n)).to_string()).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn person(n: u32, standing: Standing) -> Person {
    Person { member: someone(n), standing, name: None, groups: BTreeSet::new() }
}

fn unknown() -> Standing {
    Standing::Unknown { why: "null".into() }
}

/// Those of a range, all members in good standing.
fn people(range: std::ops::Range<u32>) -> Vec<Person> {
    range.map(|n| person(n, Standing::Member)).collect()
}

fn resident(n: u32, workspace: bool, left_hours_ago: Option<i64>) -> Resident {
    Resident {
        member: someone(n),
        workspace,
        left: left_hours_ago.map(|h| Left { at: now() - TimeDelta::hours(h), confirmed: false }),
        allowance: Allowance::default(),
        uid: format!("uid-{n}"),
        version: "1".into(),
    }
}

fn working(range: std::ops::Range<u32>) -> Vec<Resident> {
    range.map(|n| resident(n, true, None)).collect()
}

fn gone(range: std::ops::Range<u32>, hours: i64) -> Vec<Resident> {
    range.map(|n| resident(n, false, Some(hours))).collect()
}

fn short(leaving: &Leaving) -> String {
    match leaving {
        Leaving::Go { losers, confirmed } => {
            format!("{}{}", losers.len(), if *confirmed { " confirmed" } else { "" })
        }
        Leaving::Held(brake) => format!("held {:?} {}", brake.cause, brake.losers.len()),
    }
}

fn decide(group: Option<&[Person]>, residents: &[Resident]) -> String {
    short(&leaving(Everybody { residents, group }, None, None, now()))
}

#[test]
fn those_who_are_not_in_the_group_any_more_lose_their_workspace_and_few_at_a_time() {
    let confirmed: Vec<Resident> = gone(50..80, 1)
        .into_iter()
        .map(|r| Resident { left: r.left.map(|l| Left { confirmed: true, ..l }), ..r })
        .collect();
    let rows: Vec<(&str, Vec<Person>, Vec<Resident>, &str)> = vec![
        ("nobody has anything", people(0..4), vec![], "0"),
        ("all are here", people(0..4), working(0..4), "0"),
        ("one of four", people(0..3), working(0..4), "1"),
        ("three of four", people(0..1), working(0..4), "3"),
        ("all of four", vec![], working(0..4), "held GroupEmpty 4"),
        ("one of one", vec![], working(0..1), "held GroupEmpty 1"),
        ("four of five", people(0..1), working(0..5), "held TooMany { lately: 0, of: 5 } 4"),
        ("four of forty", people(0..36), working(0..40), "4"),
        ("five of forty", people(0..35), working(0..40), "held TooMany { lately: 0, of: 40 } 5"),
        ("thirty of three hundred", people(0..270), working(0..300), "30"),
        (
            "thirty-one of three hundred",
            people(0..269),
            working(0..300),
            "held TooMany { lately: 0, of: 300 } 31",
        ),
        (
            "one more after three within a day",
            people(0..2),
            [working(0..3), gone(10..13, 23)].concat(),
            "held TooMany { lately: 3, of: 6 } 1",
        ),
        ("one more after three, a day later", people(0..2), [working(0..3), gone(10..13, 24)].concat(), "1"),
        (
            "those who left under a confirmation do not count",
            people(0..2),
            [working(0..3), confirmed].concat(),
            "1",
        ),
        (
            "who has left has nothing more to lose",
            people(0..3),
            [working(0..3), gone(10..50, 1)].concat(),
            "0",
        ),
        ("a leaving that stopped half-way goes on", people(0..3), vec![resident(7, true, Some(1))], "1"),
        ("a namespace without a workspace is dated, too", people(0..3), vec![resident(7, false, None)], "1"),
        (
            "a disabled account is out, an unknown one is not",
            [people(0..2), vec![person(2, Standing::Stranger), person(3, unknown())]].concat(),
            working(0..4),
            "1",
        ),
        (
            "only unknown ones: nobody loses",
            (0..4).map(|n| person(n, unknown())).collect(),
            working(0..4),
            "0",
        ),
        (
            "only unknown ones, and one who is gone: no empty group",
            (0..4).map(|n| person(n, unknown())).collect(),
            working(0..5),
            "1",
        ),
        (
            "all disabled: that is an empty group",
            (0..4).map(|n| person(n, Standing::Stranger)).collect(),
            working(0..4),
            "held GroupEmpty 4",
        ),
    ];
    for (name, people, residents, expected) in rows {
        assert_eq!(decide(Some(&people), &residents), expected, "{name}");
    }
    assert_eq!(decide(None, &working(0..2)), "held GroupMissing 2");
    assert_eq!(decide(None, &gone(0..2, 1)), "0", "nobody is left to lose anything");
}

#[test]
fn a_confirmation_is_for_the_people_of_that_moment_and_no_more() {
    let earlier = now() - TimeDelta::hours(1);
    let held = |range: std::ops::Range<u32>| Brake {
        since: earlier,
        cause: Cause::TooMany { lately: 0, of: 10 },
        losers: range.map(someone).collect(),
    };
    let residents = working(0..10);
    let rows: Vec<(&str, Vec<Person>, Option<Brake>, Option<DateTime<Utc>>, &str, Option<DateTime<Utc>>)> = vec![
        ("held anew", people(5..10), None, None, "held TooMany { lately: 0, of: 10 } 5", Some(now())),
        (
            "still held",
            people(5..10),
            Some(held(0..5)),
            None,
            "held TooMany { lately: 0, of: 10 } 5",
            Some(earlier),
        ),
        ("confirmed", people(5..10), Some(held(0..5)), Some(earlier), "5 confirmed", None),
        (
            "another moment",
            people(5..10),
            Some(held(0..5)),
            Some(now()),
            "held TooMany { lately: 0, of: 10 } 5",
            Some(earlier),
        ),
        (
            "a moment before anything is held",
            people(5..10),
            None,
            Some(now()),
            "held TooMany { lately: 0, of: 10 } 5",
            Some(now()),
        ),
        (
            "one more since",
            people(6..10),
            Some(held(0..5)),
            Some(earlier),
            "held TooMany { lately: 0, of: 10 } 6",
            Some(now()),
        ),
        (
            "as many, but others",
            people(0..5),
            Some(held(0..5)),
            Some(earlier),
            "held TooMany { lately: 0, of: 10 } 5",
            Some(now()),
        ),
        ("one came back", people(4..10), Some(held(0..5)), Some(earlier), "4 confirmed", None),
        ("few enough now", people(3..10), Some(held(0..5)), None, "3", None),
        ("whole again", people(0..10), Some(held(0..5)), None, "0", None),
    ];
    for (name, people, held, confirmed, expected, since) in rows {
        let everybody = Everybody { residents: &residents, group: Some(&people) };
        let decided = leaving(everybody, held.as_ref(), confirmed, now());
        assert_eq!(short(&decided), expected, "{name}");
        if let Leaving::Held(brake) = decided {
            assert_eq!(Some(brake.since), since, "{name}");
        }
    }
    // not even within the same second is the moment of one brake that of another
    let just_now = Brake { since: now(), ..held(0..5) };
    let everybody = Everybody { residents: &residents, group: Some(&people(6..10)) };
    let Leaving::Held(brake) = leaving(everybody, Some(&just_now), Some(now()), now()) else { panic!() };
    assert_eq!(brake.since, now() + TimeDelta::seconds(1));
    let everybody = Everybody { residents: &residents, group: None };
    let missing = Brake { cause: Cause::GroupMissing, ..held(0..10) };
    assert_eq!(short(&leaving(everybody, Some(&missing), Some(earlier), now())), "10 confirmed");
}

#[test]
fn a_brake_says_why_and_what_to_do() {
    let brake = Brake {
        since: now(),
        cause: Cause::TooMany { lately: 2, of: 40 },
        losers: (0..5).map(someone).collect(),
    };
    let said = brake.to_string();
    assert!(said.starts_with("Nobody is removed since 2027-01-15T08:00:00Z: 5 people would lose"), "{said}");
    assert!(said.contains("set LEAVING_CONFIRMED to 2027-01-15T08:00:00Z"), "{said}");
    let one = Brake { cause: Cause::GroupEmpty, losers: [someone(1)].into(), ..brake };
    assert!(
        one.to_string().contains("1 person would lose their workspace, and the group has no member"),
        "{one}"
    );
}

#[test]
fn the_group_and_the_cluster_are_compared() {
    let day = Duration::from_secs(24 * 3600);
    let people = vec![
        person(0, Standing::Member),
        person(1, Standing::Member),
        person(2, Standing::Member),
        person(3, Standing::Member),
        person(4, Standing::Stranger),
        person(5, unknown()),
        person(6, unknown()),
        person(9, Standing::Member),
    ];
    let residents = vec![
        resident(0, true, None),
        resident(1, false, None),
        resident(2, false, Some(1000)),
        resident(3, true, Some(1)),
        resident(4, false, Some(24)),
        resident(5, false, Some(1000)),
        resident(7, false, Some(24)),
        resident(8, false, Some(23)),
        resident(10, true, Some(1000)),
        resident(11, false, None),
    ];
    let found = differences(&people, &residents, |_| Allowance::default(), day, now());
    let joins: Vec<Member> = [1, 2, 3, 9].map(someone).to_vec();
    assert_eq!(found.joins, joins, "half-made, returned, returned half-way, new");
    let expired: Vec<Member> = found.expired.iter().map(|r| r.member).collect();
    assert_eq!(
        expired,
        [4, 7].map(someone),
        "never where a workspace stands, never of a member, never unknown"
    );
}

#[test]
fn who_may_use_something_else_now_is_looked_at() {
    let grouped = |n: u32, groups: &[&str]| Person {
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        ..person(n, Standing::Member)
    };
    let may = |profiles: &[&str]| Some(profiles.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
    // the groups of each, and what they were provisioned with
    let rows = [
        (&["a100"][..], may(&["a100"]), "small"),
        (&["a100"], None, "small"),
        (&[], may(&["a100"]), "small"),
        (&[], may(&[]), "small"),
        (&["a100"], may(&["a100"]), "smaller"),
        (&["a100"], may(&["a100"]), ""),
    ];
    let people: Vec<Person> = rows.iter().zip(0..).map(|((groups, ..), n)| grouped(n, groups)).collect();
    let residents: Vec<Resident> = rows
        .iter()
        .zip(0..)
        .map(|((_, profiles, bounds), n)| {
            let allowance = Allowance { profiles: profiles.clone(), bounds: (*bounds).to_owned() };
            Resident { allowance, ..resident(n, true, None) }
        })
        .collect();
    let allowed = |p: &Person| Allowance {
        profiles: Some(p.groups.iter().cloned().collect()),
        bounds: "small".to_owned(),
    };
    let found = differences(&people, &residents, allowed, Duration::ZERO, now());
    let who = [1, 2, 4, 5].map(someone);
    assert_eq!(found.joins, who, "opened, closed, of another size, and from before sizes were noted");
}

#[test]
fn only_a_session_that_runs_or_waits_is_ended() {
    let ended = Ended { at: None, by: None, why: "never started".into(), recorded: true };
    let off = Workspace {
        on: false,
        settled: true,
        session: None,
        ended: Some(ended),
        seen: crate::domain::workspace::Seen { session: String::new(), ended: "{…}".into() },
        profiles: None,
        version: String::new(),
    };
    assert_eq!(last_end(&off, now()), None);
    assert!(!is_leaving(&off));
    let on = Workspace { ended: None, ..off };
    let end = last_end(&on, now()).unwrap();
    assert_eq!(end.by, Some(EndedBy::Leaving));
    assert!(!end.recorded);
    assert!(is_leaving(&Workspace { ended: Some(end), ..on }));
}
