//! Every rule of idleness as a row.

use super::*;
use crate::domain::idleness::Wish;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn policy() -> IdlePolicy {
    let minutes = TimeDelta::minutes;
    IdlePolicy {
        idle_after: minutes(60),
        presence_after: minutes(180),
        night_after: minutes(20),
        grace_after_start: minutes(15),
        longest_life: minutes(1440),
        unknown_for: minutes(240),
        warn_before: minutes(10),
        keep_cap: minutes(720),
    }
}

fn seen(minutes: i64) -> Evidence {
    Evidence::Seen { at: at(minutes), value: String::new() }
}

fn unknown_signal() -> Evidence {
    Evidence::Unknown { why: "no driver".into() }
}

/// What is asked for inside was asked for ten minutes ago.
fn heard(now: i64, signals: &[(&str, Evidence)], hold: Option<i64>) -> Testimony {
    let signals = signals.iter().map(|(name, evidence)| ((*name).to_owned(), evidence.clone())).collect();
    let hold = hold.map(|until| Wish { until: at(until), asked: at(now - 10) });
    Testimony::Heard { at: at(now), connected: None, activity: Activity { signals }, hold }
}

const SILENCE: Testimony = Testimony::Silence { why: "its machine does not answer" };

fn halted() -> Testimony {
    Testimony::Halted { why: "code 3".into() }
}

fn case<'a>(policy: &'a IdlePolicy, watch: &'a Watch, testimony: &'a Testimony, now: i64) -> Case<'a> {
    Case { policy, night: None, started: at(0), watch, testimony, gpu: true, now: at(now) }
}

fn told(judged: &Judgement) -> (Option<i64>, &str) {
    match &judged.verdict {
        Verdict::Keep { until, why } => (Some((*until - at(0)).num_minutes()), why),
        Verdict::Stop { why } => (None, why),
    }
}

#[test]
fn every_reason_to_keep_or_to_stop() {
    let nothing = [("gpu", Evidence::Nothing)];
    let (watch, keep) = (Watch::default(), Watch { keep: Some(at(500)), ..Watch::default() });
    let unknown = Watch { unknown: Some(at(100)), ..Watch::default() };
    let kept_on = Watch { keep: Some(at(500)), ..unknown.clone() };
    let stale = |signals: &[(&str, Evidence)]| heard(90, signals, None);
    let rows: &[(&str, &Watch, Testimony, i64, Option<i64>, &str)] = &[
        ("new", &watch, heard(1, &nothing, None), 1, Some(60), "no use was seen since"),
        ("idle", &watch, heard(60, &nothing, None), 60, None, "no use was seen for 1 h"),
        ("gpu", &watch, heard(70, &[("gpu", seen(69))], None), 70, Some(129), "(gpu)"),
        (
            "one busy signal is enough",
            &watch,
            heard(70, &[("gpu", Evidence::Nothing), ("cpu", seen(69))], None),
            70,
            Some(129),
            "(cpu)",
        ),
        (
            "used until an hour ago",
            &watch,
            heard(130, &[("gpu", seen(70))], None),
            130,
            None,
            "no use was seen",
        ),
        (
            "an open window",
            &watch,
            heard(130, &[("gpu", seen(70)), ("presence", seen(130))], None),
            130,
            Some(190),
            "window",
        ),
        (
            "one that stays untouched",
            &watch,
            heard(240, &[("gpu", seen(70)), ("presence", seen(240))], None),
            240,
            Some(250),
            "window",
        ),
        (
            "for too long",
            &watch,
            heard(250, &[("gpu", seen(70)), ("presence", seen(250))], None),
            250,
            None,
            "no use",
        ),
        (
            "a window that was closed",
            &watch,
            heard(161, &[("gpu", seen(70)), ("presence", seen(100))], None),
            161,
            None,
            "no use",
        ),
        ("kept from outside", &keep, heard(130, &nothing, None), 130, Some(500), "a member asked"),
        ("kept from inside", &watch, heard(130, &nothing, Some(300)), 130, Some(300), "in the workspace"),
        ("within the cap", &watch, heard(130, &nothing, Some(9_000)), 130, Some(840), "in the workspace"),
        (
            "a long life",
            &watch,
            heard(1400, &[("gpu", seen(1400))], None),
            1400,
            Some(1440),
            "the longest life is 1 day",
        ),
        (
            "is over",
            &watch,
            heard(1440, &[("gpu", seen(1440))], None),
            1440,
            None,
            "its longest life of 1 day",
        ),
        (
            "also when kept",
            &keep,
            heard(1440, &[("gpu", seen(1440))], Some(2000)),
            1440,
            None,
            "its longest life",
        ),
        ("silence", &watch, SILENCE, 100, Some(340), "its machine does not answer"),
        ("goes on", &unknown, SILENCE, 339, Some(340), "can not be known"),
        ("too long", &unknown, SILENCE, 340, None, "for 4 h its use could not be known: its machine"),
        ("no machine", &watch, Testimony::Unplaced, 100, Some(340), "no machine has taken it yet"),
        ("none ever", &unknown, Testimony::Unplaced, 340, None, "for 4 h no machine took it"),
        ("crashes", &watch, halted(), 100, Some(160), "nothing of it runs, which may pass: code 3"),
        ("crashes on", &unknown, halted(), 160, None, "for 1 h nothing of it ran: code 3"),
        ("crashes, and was kept", &kept_on, halted(), 160, Some(500), "a member asked"),
        ("a line of long ago", &watch, stale(&nothing), 100, Some(340), "said nothing for 3 min"),
        ("still tells of use", &unknown, stale(&[("gpu", seen(89))]), 340, None, "could not be known"),
        ("a line without a word of use", &watch, heard(100, &[], None), 100, Some(340), "says nothing of it"),
        (
            "no driver",
            &watch,
            heard(100, &[("gpu", unknown_signal())], None),
            100,
            Some(340),
            "gpu: no driver",
        ),
        (
            "no driver, but work",
            &unknown,
            heard(335, &[("gpu", unknown_signal()), ("cpu", seen(335))], None),
            335,
            Some(395),
            "(cpu)",
        ),
    ];
    let policy = policy();
    for (name, watch, testimony, now, until, why) in rows {
        let judged = judge(case(&policy, watch, testimony, *now));
        let (then, says) = told(&judged);
        assert_eq!(then, *until, "{name}: {says}");
        assert!(says.contains(why), "{name}: {says}");
    }
}

#[test]
fn nothing_of_a_gpu_is_missed_where_there_is_none() {
    let (policy, watch) = (policy(), Watch::default());
    let testimony = heard(100, &[("gpu", unknown_signal()), ("cpu", Evidence::Nothing)], None);
    let judged = judge(Case { gpu: false, ..case(&policy, &watch, &testimony, 100) });
    assert_eq!((told(&judged).0, judged.unknown), (None, false));
}

#[test]
fn a_stop_comes_only_after_its_warning_and_use_takes_it_back() {
    let policy = policy();
    let idle = |now| heard(now, &[("gpu", Evidence::Nothing)], None);
    let step = |watch: &Watch, testimony: &Testimony, now| {
        let case = case(&policy, watch, testimony, now);
        next(case, &judge(case))
    };
    let fresh = Watch::default();
    let Next::Note { watch, take_back: false } = step(&fresh, &idle(1), 1) else { panic!() };
    assert_eq!((watch.look, watch.warned), (Some(at(50)), None));
    // looked at late, it is warned of all the same, and never stopped at once
    for now in [50, 59, 60, 500] {
        let Next::Warn { watch, stop } = step(&watch, &idle(now), now) else { panic!("{now}") };
        assert_eq!((stop, watch.look, watch.warned), (at(now + 10), Some(stop), Some(at(now))));
        for later in [now, now + 9] {
            assert_eq!(step(&watch, &idle(later), later), Next::Nothing, "{later}");
        }
        assert!(matches!(step(&watch, &idle(now + 10), now + 10), Next::Stop { .. }));
        let used = heard(now + 10, &[("gpu", seen(now + 5))], None);
        let Next::Note { watch, take_back: true } = step(&watch, &used, now + 10) else { panic!() };
        assert_eq!((watch.look, watch.warned), (Some(at(now + 55)), None));
        let held = heard(now + 10, &[("gpu", Evidence::Nothing)], Some(now + 100));
        assert!(matches!(step(&watch, &held, now + 10), Next::Note { .. }));
    }
    // what can not be known is looked at more often, and since when is kept
    let Next::Note { watch, .. } = step(&fresh, &SILENCE, 100) else { panic!() };
    assert_eq!((watch.look, watch.unknown), (Some(at(160)), Some(at(100))));
    let Next::Note { watch, .. } = step(&watch, &SILENCE, 160) else { panic!() };
    assert_eq!((watch.look, watch.unknown), (Some(at(220)), Some(at(100))));
    let Next::Note { watch, .. } = step(&watch, &heard(220, &[("gpu", seen(220))], None), 220) else {
        panic!()
    };
    assert_eq!(watch.unknown, None);
}
