//! Whether a workspace is kept, until when and why; when its people are warned; and when it is stopped.

mod bounds;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::{
        activity::{Activity, Evidence},
        idleness::{IdlePolicy, Night, Testimony, Watch},
        workspace::Session,
    },
    plan::night,
};
use bounds::{bound, hold, over, told};

/// The agent writes once a minute: a line older than this is no evidence of now.
pub const FRESH: TimeDelta = TimeDelta::minutes(3);

/// So often a workspace whose use can not be known is looked at while that keeps it.
const UNKNOWN_LOOKS: i32 = 4;

/// An open window, which is less than work.
const PRESENCE: &str = "presence";
const GPU: &str = "gpu";

/// What there is to judge.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub policy: &'a IdlePolicy,
    pub night: Option<&'a Night>,
    /// When the session started.
    pub started: DateTime<Utc>,
    pub watch: &'a Watch,
    pub testimony: &'a Testimony,
    /// Whether the profile has a GPU: without one, nothing about GPUs is missed.
    pub gpu: bool,
    pub now: DateTime<Utc>,
}

/// Whether it is kept, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Keep { until: DateTime<Utc>, why: String },
    Stop { why: String },
}

/// What ends a workspace that nobody stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Nothing was seen of its use for long enough.
    Idleness,
    /// The same, for the shorter time that counts at night; or the night's end.
    Night,
    LongestLife,
    /// Its use could not be known for too long.
    Unknown,
    /// Nothing of it ran for too long.
    NotRunning,
}

/// A verdict, what ends it then or ends it now, and whether that was found without knowing all of the use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub by: Bound,
    pub unknown: bool,
    /// Until when it is kept, as it is to be noted: what was asked for inside and reaches beyond the night has to be known
    /// when that is over, and the agent says nothing more of it.
    pub keep: Option<DateTime<Utc>>,
}

/// Why no use is seen, though that is no idleness, and how long this keeps a workspace.
struct Doubt {
    keeps: String,
    /// What is said of it in the end, after `for 4 h`.
    ends: String,
    bound: TimeDelta,
    by: Bound,
}

/// What the sweep does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Nothing,
    /// Another look is noted; with `take_back`, a warning no longer holds.
    Note {
        watch: Watch,
        take_back: bool,
    },
    /// People are told, and the time of the stop is noted.
    Warn {
        watch: Watch,
        stop: DateTime<Utc>,
    },
    Stop {
        why: String,
        by: Bound,
    },
}

/// Whether a sweep has to look at a session that runs.
#[must_use]
pub fn due(session: &Session, now: DateTime<Utc>) -> bool {
    let Watch { look, warned, .. } = &session.watch;
    session.started.is_some() && (warned.is_some() || look.is_none_or(|look| look <= now))
}

/// The end of what a wish to be kept can reach.
#[must_use]
pub fn keep_until(
    policy: &IdlePolicy,
    started: DateTime<Utc>,
    asked: DateTime<Utc>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    asked.min(now + policy.keep_cap).min(started + policy.longest_life)
}

/// Judges. The more use was seen and the later, the later a workspace ends.
#[must_use]
pub fn judge(case: Case) -> Judgement {
    let Case { policy, watch, testimony, gpu, now, .. } = case;
    let doubt = doubt(testimony, policy, gpu, now);
    let (until, by, why) = latest(case, doubt.as_ref());
    let (bound, bounded_by, keep) = bound(case);
    let (verdict, by) = if bound <= now {
        (Verdict::Stop { why: over(case, bounded_by, bound) }, bounded_by)
    } else if until > bound {
        let why = format!("{why}; {}", told(case, bounded_by, bound));
        (Verdict::Keep { until: bound, why }, bounded_by)
    } else if until > now {
        (Verdict::Keep { until, why }, by)
    } else {
        let (why, by) = match (&doubt, by) {
            (Some(Doubt { ends, bound, by, .. }), _) => (format!("for {} {ends}", words(*bound)), *by),
            (None, Bound::Night) => {
                (format!("it is night, and no use was seen for {}", words(policy.night_after)), by)
            }
            (None, _) => (format!("no use was seen for {}", words(policy.idle_after)), by),
        };
        (Verdict::Stop { why }, by)
    };
    Judgement { verdict, by, unknown: doubt.is_some(), keep: keep.or(watch.keep) }
}

/// Of all reasons to keep it, the one that lasts longest: until when, what ends it then, and the reason itself.
fn latest(case: Case, doubt: Option<&Doubt>) -> (DateTime<Utc>, Bound, String) {
    let Case { policy, started, watch, testimony, gpu, now, .. } = case;
    let none = Activity::default();
    let (connected, activity) = match testimony {
        Testimony::Heard { connected, activity, .. } => (*connected, activity),
        Testimony::Silence { .. } | Testimony::Halted { .. } | Testimony::Unplaced => (None, &none),
    };
    // being reached again is not use: a tunnel that comes and goes would keep a machine for ever
    let reached = connected.map_or(started, |at| at.min(now).max(started));
    let work = last_work(activity, gpu).filter(|(at, _)| *at >= started);
    let used = work.map_or(started, |(at, _)| at.min(now).max(started));
    let (idle, by) = idle_from(case, used);
    let at_night = match by {
        Bound::Night => format!("; at night that keeps it for {}", words(policy.night_after)),
        _ => String::new(),
    };
    let used_last = match work {
        Some((_, name)) => format!("it was used last at {} ({name}){at_night}", clock(used)),
        None => format!("no use was seen since {}{at_night}", clock(used)),
    };
    // of two that last as long, the later in this list is told
    let new = "it has only just been started or reached".to_owned();
    let mut reasons = vec![(reached + policy.grace_after_start, Bound::Idleness, new), (idle, by, used_last)];
    if let Some(Evidence::Seen { at, .. }) = activity.signals.get(PRESENCE) {
        let day = (*at.min(&now) + policy.idle_after).min(used + policy.presence_after);
        // at night a window that nobody touches counts for nothing
        let night = case.night.map(|night| night::comes(night, now)).filter(|night| *night < day);
        let (by, says) = match night {
            Some(_) => (Bound::Night, "an editor's window is open; at night that keeps nothing"),
            None => (Bound::Idleness, "an editor's window is open"),
        };
        reasons.push((night.unwrap_or(day), by, says.to_owned()));
    }
    reasons.extend(watch.keep.map(|keep| (keep, Bound::Idleness, "a member asked for it".to_owned())));
    reasons.extend(
        hold(case).map(|hold| (hold, Bound::Idleness, "it was asked for in the workspace".to_owned())),
    );
    if let Some(Doubt { keeps, bound, by, .. }) = doubt {
        reasons.push((watch.unknown.unwrap_or(now) + *bound, *by, keeps.clone()));
    }
    let latest = reasons.into_iter().max_by_key(|(until, ..)| *until);
    latest.unwrap_or((now, Bound::Idleness, String::new()))
}

/// From when on it is idle that was used last then, and whether that is so because of the night.
fn idle_from(case: Case, used: DateTime<Utc>) -> (DateTime<Utc>, Bound) {
    let Case { policy, night, .. } = case;
    let end = night::idle_from(night, used, policy.idle_after, policy.night_after);
    (end, if end < used + policy.idle_after { Bound::Night } else { Bound::Idleness })
}

/// What follows from a judgement of a session that was due: a stop only where an earlier sweep has warned, and its time
/// is over.
#[must_use]
pub fn next(case: Case, judged: &Judgement) -> Next {
    let Case { policy, watch, now, .. } = case;
    let (end, why) = match &judged.verdict {
        Verdict::Keep { until, why } => (*until, why),
        Verdict::Stop { why } => (now, why),
    };
    let unknown = judged.unknown.then(|| watch.unknown.unwrap_or(now));
    let noted =
        |look, warned| Watch { keep: judged.keep, look: Some(look), warned, unknown, why: why.clone() };
    let announced = watch.look.filter(|_| watch.warned.is_some());
    if end - now > policy.warn_before {
        // what can not be known may be known soon
        let often = now + policy.unknown_for / UNKNOWN_LOOKS;
        let look = end - policy.warn_before;
        let watch_then = noted(if judged.unknown { look.min(often.max(now)) } else { look }, None);
        let take_back = announced.is_some();
        return if watch_then == *watch {
            Next::Nothing
        } else {
            Next::Note { watch: watch_then, take_back }
        };
    }
    match (announced, &judged.verdict) {
        (Some(stop), _) if now < stop => Next::Nothing,
        (Some(_), Verdict::Stop { why }) => Next::Stop { why: why.clone(), by: judged.by },
        // it was used a little, or never warned of
        _ => {
            let stop = end.max(now + policy.warn_before);
            Next::Warn { watch: noted(stop, Some(now)), stop }
        }
    }
}

/// The latest work, and the signal that saw it.
fn last_work(activity: &Activity, gpu: bool) -> Option<(DateTime<Utc>, &str)> {
    let seen = activity.signals.iter().filter(|(name, _)| *name != PRESENCE && (gpu || *name != GPU));
    let seen = seen.filter_map(|(name, evidence)| match evidence {
        Evidence::Seen { at, .. } => Some((*at, name.as_str())),
        Evidence::Unknown { .. } | Evidence::Nothing => None,
    });
    seen.max()
}

/// Why a workspace without use is not idle, if it is not. One that holds a machine without running on it is kept no
/// longer than an idle one: what holds it up may pass.
fn doubt(testimony: &Testimony, policy: &IdlePolicy, gpu: bool, now: DateTime<Utc>) -> Option<Doubt> {
    let unknown_for = policy.unknown_for;
    match testimony {
        Testimony::Halted { why } => Some(Doubt {
            keeps: format!("nothing of it runs, which may pass: {why}"),
            ends: format!("nothing of it ran: {why}"),
            bound: policy.idle_after.min(unknown_for),
            by: Bound::NotRunning,
        }),
        Testimony::Unplaced => Some(Doubt {
            keeps: "no machine has taken it yet".to_owned(),
            ends: "no machine took it".to_owned(),
            bound: unknown_for,
            by: Bound::NotRunning,
        }),
        _ => unknown(testimony, gpu, now).map(|why| Doubt {
            keeps: format!("its use can not be known: {why}"),
            ends: format!("its use could not be known: {why}"),
            bound: unknown_for,
            by: Bound::Unknown,
        }),
    }
}

/// Why not all of the use is known, if it is not.
fn unknown(testimony: &Testimony, gpu: bool, now: DateTime<Utc>) -> Option<String> {
    match testimony {
        Testimony::Silence { why } => Some((*why).to_owned()),
        Testimony::Halted { .. } | Testimony::Unplaced => None,
        Testimony::Heard { at, .. } if now - *at > FRESH => {
            Some(format!("its agent has said nothing for {}", words(FRESH)))
        }
        Testimony::Heard { activity, .. } if activity.signals.is_empty() => {
            Some("its agent says nothing of it".to_owned())
        }
        Testimony::Heard { activity, .. } => {
            let of = activity.signals.iter().filter(|(name, _)| gpu || *name != GPU);
            of.filter_map(|(name, evidence)| match evidence {
                Evidence::Unknown { why } => Some(format!("{name}: {why}")),
                Evidence::Seen { .. } | Evidence::Nothing => None,
            })
            .next()
        }
    }
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M UTC").to_string()
}

/// A length of time in words.
fn words(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    let parts = [
        (seconds / 86_400, "days"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let said = parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| match (*n, *unit) {
        (1, "days") => "1 day".to_owned(),
        (n, unit) => format!("{n} {unit}"),
    });
    let said = said.collect::<Vec<_>>().join(" ");
    if said.is_empty() { "no time".to_owned() } else { said }
}

#[cfg(test)]
#[path = "idle_night_tests.rs"]
mod night_tests;
#[cfg(test)]
#[path = "idle_property_tests.rs"]
mod property_tests;
#[cfg(test)]
#[path = "idle_tests.rs"]
mod tests;
