//! Every rule of the night as a row.

use chrono::NaiveTime;

use super::*;
use crate::domain::idleness::Wish;

/// Minutes from 13:00 in Berlin, in winter: the night is from 420 to 1020.
fn at(minutes: i64) -> DateTime<Utc> {
    "2026-01-14T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn night() -> Night {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    Night { from: time(20), until: time(6), zone: chrono_tz::Europe::Berlin }
}

fn policy() -> IdlePolicy {
    let minutes = TimeDelta::minutes;
    IdlePolicy {
        idle_after: minutes(60),
        presence_after: minutes(180),
        night_after: minutes(20),
        grace_after_start: minutes(15),
        longest_life: minutes(1500),
        unknown_for: minutes(240),
        warn_before: minutes(10),
        keep_cap: minutes(720),
    }
}

/// A workspace: when it was started, last work of a signal, an untouched window, and wishes from outside and inside.
#[derive(Clone, Copy, Default)]
struct Seen {
    started: i64,
    work: Option<(&'static str, i64)>,
    window: Option<i64>,
    keep: Option<i64>,
    /// Until when, and when that was asked.
    hold: Option<(i64, i64)>,
    silent: bool,
}

fn works(name: &'static str, at: i64) -> Seen {
    Seen { work: Some((name, at)), ..Seen::default() }
}

fn judged(seen: Seen, now: i64) -> Judgement {
    let (policy, night) = (policy(), night());
    let evidence = |minutes| Evidence::Seen { at: at(minutes), value: String::new() };
    let mut signals = vec![("gpu".to_owned(), Evidence::Nothing)];
    signals.extend(seen.work.map(|(name, at)| (name.to_owned(), evidence(at))));
    signals.extend(seen.window.map(|at| ("presence".to_owned(), evidence(at))));
    let activity = Activity { signals: signals.into_iter().collect() };
    let hold = seen.hold.map(|(until, asked)| Wish { until: at(until), asked: at(asked) });
    let heard = Testimony::Heard { at: at(now), connected: None, activity, hold };
    let testimony =
        if seen.silent { Testimony::Silence { why: "its machine does not answer" } } else { heard };
    let watch = Watch { keep: seen.keep.map(at), ..Watch::default() };
    let case = Case {
        policy: &policy,
        night: Some(&night),
        started: at(seen.started),
        watch: &watch,
        testimony: &testimony,
        gpu: true,
        now: at(now),
    };
    judge(case)
}

#[test]
fn every_reason_to_keep_or_to_stop_at_night() {
    use Bound::{Idleness, LongestLife, Night, Unknown};
    let none = Seen::default();
    let keep = |until, seen| Seen { keep: Some(until), ..seen };
    let hold = |until, asked, seen| Seen { hold: Some((until, asked)), ..seen };
    let window = |at, seen| Seen { window: Some(at), ..seen };
    let started = |at| Seen { started: at, ..none };
    let silent = Seen { silent: true, ..none };
    let rows: &[(&str, Seen, i64, Option<i64>, Bound, &str)] = &[
        ("by day", works("gpu", 330), 331, Some(390), Idleness, "it was used last at 17:30 UTC (gpu)"),
        (
            "the night comes",
            works("gpu", 390),
            391,
            Some(420),
            Night,
            "(gpu); at night that keeps it for 20 min",
        ),
        (
            "what does not work goes",
            works("gpu", 390),
            420,
            None,
            Night,
            "it is night, and no use was seen for 20 min",
        ),
        ("what works stays", works("gpu", 500), 500, Some(520), Night, "(gpu)"),
        ("and goes soon after", works("gpu", 500), 520, None, Night, "it is night"),
        ("so does who works late", works("editor", 600), 600, Some(620), Night, "(editor)"),
        ("an open window by day", window(300, works("cpu", 200)), 300, Some(360), Idleness, "window"),
        (
            "until the night comes",
            window(410, works("cpu", 380)),
            410,
            Some(420),
            Night,
            "at night that keeps nothing",
        ),
        (
            "for which it counts nothing",
            window(415, works("cpu", 300)),
            415,
            Some(420),
            Night,
            "at night that keeps nothing",
        ),
        ("nor during it", window(430, works("cpu", 400)), 430, None, Night, "it is night"),
        (
            "work up to the end",
            works("gpu", 1019),
            1019,
            Some(1020),
            Night,
            "the night ends it at 06:00 (Europe/Berlin)",
        ),
        ("goes then", works("gpu", 1020), 1020, None, Night, "the night was over at 06:00 (Europe/Berlin)"),
        ("also when looked at late", works("gpu", 1100), 1100, None, Night, "the night was over at 06:00"),
        ("kept for a part of it", keep(600, none), 500, Some(600), Idleness, "a member asked for it"),
        ("is no more than that", keep(600, none), 601, None, Idleness, "no use was seen for 1 h"),
        (
            "and does not outlast the end",
            keep(600, works("gpu", 1020)),
            1020,
            None,
            Night,
            "the night was over",
        ),
        ("kept tonight", keep(1100, works("gpu", 1020)), 1020, Some(1100), Idleness, "a member asked for it"),
        ("is let off until the next", keep(1100, works("gpu", 1100)), 1100, Some(1160), Idleness, "(gpu)"),
        ("kept to its very end", keep(1020, works("gpu", 1020)), 1020, Some(1080), Idleness, "(gpu)"),
        ("kept inside", hold(1100, 1000, works("gpu", 1020)), 1020, Some(1100), Idleness, "in the workspace"),
        ("no further than the cap", hold(9_000, 420, none), 420, Some(1140), Idleness, "in the workspace"),
        ("which does not move on", hold(9_000, 420, none), 1100, Some(1140), Idleness, "in the workspace"),
        (
            "started at night",
            started(500),
            501,
            Some(520),
            Night,
            "no use was seen since 20:20 UTC; at night",
        ),
        ("and not used", started(500), 520, None, Night, "it is night"),
        ("a little before its end", started(1000), 1001, Some(1020), Night, "the night ends it at 06:00"),
        ("just before its end", started(1010), 1015, Some(1070), Idleness, "no use was seen since"),
        ("what can not be known", silent, 500, Some(740), Unknown, "its machine does not answer"),
        ("not beyond the end", silent, 900, Some(1020), Night, "the night ends it"),
        ("goes at the end", silent, 1020, None, Night, "the night was over"),
        (
            "a long life ends sooner",
            Seen { started: -400, ..keep(1050, works("gpu", 1095)) },
            1095,
            Some(1100),
            LongestLife,
            "the longest life is 1 day 1 h",
        ),
        (
            "and counts when kept",
            Seen { started: -400, ..keep(1200, none) },
            1100,
            None,
            LongestLife,
            "its longest life",
        ),
    ];
    for (name, seen, now, until, by, says) in rows {
        let judged = judged(*seen, *now);
        let (end, why) = match &judged.verdict {
            Verdict::Keep { until, why } => (Some((*until - at(0)).num_minutes()), why),
            Verdict::Stop { why } => (None, why),
        };
        assert_eq!((end, judged.by), (*until, *by), "{name}: {why}");
        assert!(why.contains(says), "{name}: {why}");
    }
}

#[test]
fn a_wish_from_inside_that_reaches_beyond_the_night_is_noted() {
    let wish = |until| Seen { hold: Some((until, 500)), ..Seen::default() };
    for (seen, noted) in [
        (wish(600), None),
        (wish(1020), Some(1020)),
        (wish(1100), Some(1100)),
        (Seen { keep: Some(1110), ..wish(1100) }, Some(1110)),
        (Seen { keep: Some(600), ..wish(1100) }, Some(1100)),
    ] {
        assert_eq!(judged(seen, 500).keep, noted.map(at));
    }
    // the agent says nothing more of it, and the night's end does not count all the same
    let after = Seen { keep: Some(1100), ..works("gpu", 1110) };
    assert!(matches!(judged(after, 1110).verdict, Verdict::Keep { .. }));
}
