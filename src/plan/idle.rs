//! Whether a workspace is kept, until when and why; when its people are warned; and when it is stopped.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    activity::{Activity, Evidence},
    idleness::{IdlePolicy, Testimony, Watch},
    workspace::Session,
};

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

/// A verdict, and whether it was found without knowing all of the use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub unknown: bool,
}

/// Why no use is seen, though that is no idleness, and how long this keeps a workspace.
struct Doubt {
    keeps: String,
    /// What is said of it in the end, after `for 4 h`.
    ends: String,
    bound: TimeDelta,
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
    let Case { policy, started, watch, testimony, gpu, now } = case;
    let none = Activity::default();
    let (connected, activity, hold) = match testimony {
        Testimony::Heard { connected, activity, hold, .. } => (*connected, activity, *hold),
        Testimony::Silence { .. } | Testimony::Halted { .. } | Testimony::Unplaced => (None, &none, None),
    };
    // being reached again is not use: a tunnel that comes and goes would keep a machine for ever
    let reached = connected.map_or(started, |at| at.min(now).max(started));
    let work = last_work(activity, gpu).filter(|(at, _)| *at >= started);
    let used = work.map_or(started, |(at, _)| at.min(now).max(started));
    let idle = format!("no use was seen for {}", words(policy.idle_after));
    let mut reasons =
        vec![(reached + policy.grace_after_start, "it has only just been started or reached".to_owned())];
    reasons.push(match work {
        Some((_, name)) => {
            (used + policy.idle_after, format!("it was used last at {} ({name})", clock(used)))
        }
        None => (used + policy.idle_after, format!("no use was seen since {}", clock(used))),
    });
    if let Some(Evidence::Seen { at, .. }) = activity.signals.get(PRESENCE) {
        let until = (*at.min(&now) + policy.idle_after).min(used + policy.presence_after);
        reasons.push((until, "an editor's window is open".to_owned()));
    }
    reasons.extend(
        hold.map(|hold| (hold.min(now + policy.keep_cap), "it was asked for in the workspace".to_owned())),
    );
    reasons.extend(watch.keep.map(|keep| (keep, "a member asked for it".to_owned())));
    let doubt = doubt(testimony, policy, gpu, now);
    if let Some(doubt) = &doubt {
        reasons.push((watch.unknown.unwrap_or(now) + doubt.bound, doubt.keeps.clone()));
    }
    let (until, why) = reasons.into_iter().max_by_key(|(until, _)| *until).unwrap_or((now, String::new()));
    let life = started + policy.longest_life;
    let verdict = if life <= now {
        Verdict::Stop { why: format!("its longest life of {} is over", words(policy.longest_life)) }
    } else if until > now {
        let bounded = until > life;
        let why =
            if bounded { format!("{why}; the longest life is {}", words(policy.longest_life)) } else { why };
        Verdict::Keep { until: until.min(life), why }
    } else if let Some(Doubt { ends, bound, .. }) = &doubt {
        Verdict::Stop { why: format!("for {} {ends}", words(*bound)) }
    } else {
        Verdict::Stop { why: idle }
    };
    Judgement { verdict, unknown: doubt.is_some() }
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
        |look, warned| Watch { keep: watch.keep, look: Some(look), warned, unknown, why: why.clone() };
    let announced = watch.look.filter(|_| watch.warned.is_some());
    if end - now > policy.warn_before {
        // what can not be known may be known soon
        let often = now + policy.unknown_for / UNKNOWN_LOOKS;
        let look = end - policy.warn_before;
        let watch_then = noted(if judged.unknown { look.min(often.max(now)) } else { look }, None);
        return Next::Note { watch: watch_then, take_back: announced.is_some() };
    }
    match (announced, &judged.verdict) {
        (Some(stop), _) if now < stop => Next::Nothing,
        (Some(_), Verdict::Stop { why }) => Next::Stop { why: why.clone() },
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
        }),
        Testimony::Unplaced => Some(Doubt {
            keeps: "no machine has taken it yet".to_owned(),
            ends: "no machine took it".to_owned(),
            bound: unknown_for,
        }),
        _ => unknown(testimony, gpu, now).map(|why| Doubt {
            keeps: format!("its use can not be known: {why}"),
            ends: format!("its use could not be known: {why}"),
            bound: unknown_for,
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
#[path = "idle_tests.rs"]
mod tests;
