//! What a workspace can not outlast, whatever it does: its longest life, and the end of a night.

use chrono::{DateTime, Utc};

use super::{Bound, Case, words};
use crate::{domain::idleness::Testimony, plan::night};

/// What it can not outlast, whatever it does: its longest life, or the end of the first night that it has not only just
/// been started in, and that nobody asked to be kept beyond. With it, what is to be noted of such a wish.
pub fn bound(case: Case) -> (DateTime<Utc>, Bound, Option<DateTime<Utc>>) {
    let Case { policy, night, started, watch, .. } = case;
    let life = (started + policy.longest_life, Bound::LongestLife);
    let Some(night) = night else { return (life.0, life.1, None) };
    let grace = started + policy.grace_after_start;
    let end_after = |keep: Option<DateTime<Utc>>| night::ends(night, keep.map_or(grace, |at| at.max(grace)));
    let (noted, hold) = (end_after(watch.keep), hold(case));
    let kept = hold.filter(|hold| *hold >= noted);
    let end = (kept.map_or(noted, |hold| end_after(Some(hold))), Bound::Night);
    let (bound, by) = if end.0 < life.0 { end } else { life };
    (bound, by, kept)
}

/// Until when somebody asked inside to be kept: no further ahead of that moment than the cap.
pub fn hold(case: Case) -> Option<DateTime<Utc>> {
    let Testimony::Heard { hold, .. } = case.testimony else { return None };
    hold.map(|wish| wish.until.min(wish.asked.min(case.now) + case.policy.keep_cap))
}

/// A bound that is to come, in words.
pub fn told(case: Case, by: Bound, at: DateTime<Utc>) -> String {
    match case.night.filter(|_| by == Bound::Night) {
        Some(night) => format!("the night ends it at {}", night::clock(night, at)),
        None => format!("the longest life is {}", words(case.policy.longest_life)),
    }
}

/// A bound that has come, in words.
pub fn over(case: Case, by: Bound, at: DateTime<Utc>) -> String {
    match case.night.filter(|_| by == Bound::Night) {
        Some(night) => {
            format!("the night was over at {}, and nobody asked for longer", night::clock(night, at))
        }
        None => format!("its longest life of {} is over", words(case.policy.longest_life)),
    }
}
