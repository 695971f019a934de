//! What holds for every workspace, however it is used and whenever it is looked at: sessions of any policy and night, looked
//! at now and again, around changes of daylight saving.

use chrono::NaiveTime;
use chrono_tz::Tz;
use proptest::{option, prelude::*, sample::select};

use super::*;
use crate::domain::idleness::Wish;

/// What is seen at one look.
#[derive(Clone, Debug)]
struct Sight {
    /// Minutes since the look before.
    later: i64,
    /// Minutes since the agent's line; none where nothing is heard.
    line: Option<i64>,
    /// Why nothing is heard, where that is so.
    unheard: Testimony,
    /// Minutes since each signal saw use, if it saw any; or that it can not be read.
    signals: [Result<Option<i64>, ()>; 3],
    /// Minutes until which somebody asked inside to be kept.
    hold: Option<i64>,
    /// Minutes until which a member asked to be kept since.
    keep: Option<i64>,
}

const SIGNALS: [&str; 3] = ["gpu", "editor", PRESENCE];

#[derive(Clone, Debug)]
struct Life {
    policy: IdlePolicy,
    night: Option<Night>,
    started: DateTime<Utc>,
    gpu: bool,
    sights: Vec<Sight>,
}

fn minutes(range: std::ops::Range<i64>) -> impl Strategy<Value = TimeDelta> {
    range.prop_map(TimeDelta::minutes)
}

fn policy() -> impl Strategy<Value = IdlePolicy> {
    let times = (minutes(1..400), minutes(1..700), minutes(1..200), minutes(0..60), minutes(60..4_000));
    (times, minutes(1..600), minutes(1..60), minutes(1..1_000)).prop_map(
        |(
            (idle_after, presence_after, night_after, grace_after_start, longest_life),
            unknown_for,
            warn_before,
            keep_cap,
        )| {
            IdlePolicy {
                idle_after,
                presence_after,
                night_after,
                grace_after_start,
                longest_life,
                unknown_for,
                warn_before,
                keep_cap,
            }
        },
    )
}

fn night() -> impl Strategy<Value = Night> {
    let zones: Vec<Tz> =
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
            .iter()
            .map(|name| name.parse().unwrap())
            .collect();
    let time = || (0..1440_u32).prop_map(|m| NaiveTime::from_hms_opt(m / 60, m % 60, 0).unwrap());
    (time(), time(), select(zones))
        .prop_filter("a night has a length", |(from, until, _)| from != until)
        .prop_map(|(from, until, zone)| Night { from, until, zone })
}

fn sight() -> impl Strategy<Value = Sight> {
    let unheard = select(vec![
        Testimony::Silence { why: "nothing is heard from it" },
        Testimony::Halted { why: "its image does not exist".into() },
        Testimony::Unplaced,
    ]);
    let signal = || prop_oneof![1 => Just(Err(())), 3 => Just(Ok(None)), 6 => (0..900_i64).prop_map(|ago| Ok(Some(ago)))];
    (
        0..400_i64,
        option::weighted(0.8, 0..5_i64),
        unheard,
        [signal(), signal(), signal()],
        option::weighted(0.2, -100..3_000_i64),
        option::weighted(0.1, -100..1_000_i64),
    )
        .prop_map(|(later, line, unheard, signals, hold, keep)| Sight {
            later,
            line,
            unheard,
            signals,
            hold,
            keep,
        })
}

fn life() -> impl Strategy<Value = Life> {
    // summer, and the days before the clocks of Berlin, New York and Lord Howe are changed
    const DAYS: [&str; 7] =
        ["2026-07-01", "2026-03-27", "2026-10-23", "2026-03-06", "2026-10-31", "2026-04-03", "2026-10-02"];
    let begin = (select(&DAYS[..]), 0..2_000_i64).prop_map(|(day, later)| {
        format!("{day}T00:00:00Z").parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(later)
    });
    let sights = prop::collection::vec(sight(), 1..12);
    (policy(), option::weighted(0.8, night()), begin, any::<bool>(), sights)
        .prop_map(|(policy, night, started, gpu, sights)| Life { policy, night, started, gpu, sights })
}

fn testimony(sight: &Sight, now: DateTime<Utc>) -> Testimony {
    let ago = |minutes| now - TimeDelta::minutes(minutes);
    let Some(line) = sight.line else { return sight.unheard.clone() };
    let evidence = |signal: &Result<Option<i64>, ()>| match signal {
        Ok(Some(minutes)) => Evidence::Seen { at: ago(*minutes), value: String::new() },
        Ok(None) => Evidence::Nothing,
        Err(()) => Evidence::Unknown { why: "it can not be read".into() },
    };
    let signals = SIGNALS.iter().zip(&sight.signals).map(|(name, one)| ((*name).to_owned(), evidence(one)));
    let hold = sight.hold.map(|minutes| Wish { until: now + TimeDelta::minutes(minutes), asked: ago(line) });
    Testimony::Heard {
        at: ago(line),
        connected: None,
        activity: Activity { signals: signals.collect() },
        hold,
    }
}

fn end(judged: &Judgement, now: DateTime<Utc>) -> DateTime<Utc> {
    match judged.verdict {
        Verdict::Keep { until, .. } => until,
        Verdict::Stop { .. } => now,
    }
}

/// Goes through a life look by look, as sweeps do, until it is stopped.
fn live(life: &Life, mut check: impl FnMut(Case, &Judgement, &Next)) {
    let mut watch = Watch::default();
    let mut now = life.started;
    for sight in &life.sights {
        now += TimeDelta::minutes(sight.later);
        if let Some(minutes) = sight.keep {
            let wished = now + TimeDelta::minutes(minutes);
            let keep = keep_until(&life.policy, life.started, wished, now);
            watch = Watch { keep: Some(keep), unknown: watch.unknown, ..Watch::default() };
        }
        let testimony = testimony(sight, now);
        let case = Case {
            policy: &life.policy,
            night: life.night.as_ref(),
            started: life.started,
            watch: &watch,
            testimony: &testimony,
            gpu: life.gpu,
            now,
        };
        let judged = judge(case);
        let then = next(case, &judged);
        check(case, &judged, &then);
        match then {
            Next::Nothing => {}
            Next::Note { watch: noted, .. } | Next::Warn { watch: noted, .. } => watch = noted,
            Next::Stop { .. } => return,
        }
    }
}

proptest! {
    #[test]
    fn planning_twice_changes_nothing(life in life()) {
        live(&life, |case, _, then| {
            if let Next::Note { watch, .. } | Next::Warn { watch, .. } = then {
                let again = Case { watch, ..case };
                assert_eq!(next(again, &judge(again)), Next::Nothing, "{case:?}");
                assert!(watch.look > Some(case.now), "what was noted is not due again: {case:?}");
            }
        });
    }

    #[test]
    fn a_stop_has_fresh_evidence_or_a_bound_that_is_exceeded(life in life()) {
        live(&life, |case, judged, then| {
            let Next::Stop { by, .. } = then else { return };
            let Case { policy, started, watch, testimony, now, .. } = case;
            let fresh = matches!(testimony, Testimony::Heard { at, .. } if now - *at <= FRESH);
            let over = match by {
                Bound::Idleness => false,
                Bound::LongestLife => started + policy.longest_life <= now,
                Bound::Unknown => watch.unknown.is_some_and(|since| since + policy.unknown_for <= now),
                Bound::NotRunning => {
                    let bound = match testimony {
                        Testimony::Halted { .. } => policy.idle_after.min(policy.unknown_for),
                        _ => policy.unknown_for,
                    };
                    watch.unknown.is_some_and(|since| since + bound <= now)
                }
                Bound::Night => case.night.is_some_and(|night| night::ends(night, started) <= now),
            };
            assert!(fresh || over, "{case:?}: {judged:?}");
        });
    }

    #[test]
    fn a_stop_comes_only_after_its_warning(life in life()) {
        let mut warned: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
        live(&life, |case, _, then| {
            match then {
                Next::Warn { stop, .. } => {
                    assert!(*stop >= case.now + case.policy.warn_before, "{case:?}");
                    warned = Some((case.now, *stop));
                }
                Next::Note { .. } => warned = None,
                Next::Nothing => {}
                Next::Stop { .. } => {
                    let (told, stop) = warned.expect("nobody was warned");
                    assert!(told < case.now && stop <= case.now, "{case:?}");
                    assert!(case.watch.warned == Some(told), "a wish to be kept takes the warning back: {case:?}");
                }
            }
        });
    }

    #[test]
    fn more_activity_never_shortens_a_life(life in life(), which in 0..SIGNALS.len(), ago in 0..900_i64, longer in 0..900_i64) {
        live(&life, |case, judged, _| {
            let Testimony::Heard { at, connected, activity, hold } = case.testimony else { return };
            let more = case.now - TimeDelta::minutes(ago);
            let mut activity = activity.clone();
            match activity.signals.get_mut(SIGNALS[which]) {
                Some(Evidence::Seen { at, .. }) if *at >= more => return,
                Some(evidence @ (Evidence::Seen { .. } | Evidence::Nothing)) => {
                    *evidence = Evidence::Seen { at: more, value: String::new() };
                }
                _ => return,
            }
            let used = Testimony::Heard { at: *at, connected: *connected, activity: activity.clone(), hold: *hold };
            let before = hold.map_or(case.now, |wish| wish.until);
            let held = Testimony::Heard {
                at: *at,
                connected: *connected,
                activity,
                hold: Some(Wish { until: before + TimeDelta::minutes(longer), asked: case.now }),
            };
            for testimony in [used, held] {
                let then = judge(Case { testimony: &testimony, ..case });
                assert!(end(&then, case.now) >= end(judged, case.now), "{case:?}: {judged:?}, {then:?}");
            }
            let watch = Watch { keep: case.watch.keep.max(Some(case.now + TimeDelta::minutes(longer))), ..case.watch.clone() };
            let then = judge(Case { watch: &watch, ..case });
            assert!(end(&then, case.now) >= end(judged, case.now), "{case:?}: {judged:?}, {then:?}");
        });
    }

    #[test]
    fn it_is_kept_within_its_bounds_and_a_night_only_shortens_that(life in life()) {
        live(&life, |case, judged, _| {
            if let Verdict::Keep { until, .. } = judged.verdict {
                assert!(until > case.now && until <= case.started + case.policy.longest_life, "{case:?}");
            }
            let by_day = judge(Case { night: None, ..case });
            assert!(end(judged, case.now) <= end(&by_day, case.now), "{case:?}: {judged:?}, {by_day:?}");
            // a start at night is not taken away at once
            if case.now < case.started + case.policy.grace_after_start {
                assert!(matches!(judged.verdict, Verdict::Keep { .. }), "{case:?}: {judged:?}");
            }
        });
    }
}
