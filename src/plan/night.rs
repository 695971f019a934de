//! The night of a team: when it comes and when it ends by their clock, right across the changes of daylight saving.

use chrono::{DateTime, Days, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::GapInfo;

use crate::domain::idleness::Night;

/// Days around a moment in which a night may begin that still counts for it.
const AROUND: u64 = 2;

/// When it is night: that moment itself, if it is night then, or the begin of the next one.
#[must_use]
pub fn comes(night: &Night, at: DateTime<Utc>) -> DateTime<Utc> {
    let nights = nights(night, at).filter(|(_, until)| *until > at);
    // there is one every day, but for clocks that leave it out
    nights.map(|(from, _)| from.max(at)).min().unwrap_or(at + TimeDelta::days(1))
}

/// When the next night ends, which may have begun already.
#[must_use]
pub fn ends(night: &Night, after: DateTime<Utc>) -> DateTime<Utc> {
    let ends = nights(night, after).map(|(_, until)| until).filter(|until| *until > after);
    ends.min().unwrap_or(after + TimeDelta::days(1))
}

/// From when on something counts as idle that was used last then: after `by_day`, or after `at_night` where it is night.
/// A later use never makes it sooner.
#[must_use]
pub fn idle_from(
    night: Option<&Night>,
    used: DateTime<Utc>,
    by_day: TimeDelta,
    at_night: TimeDelta,
) -> DateTime<Utc> {
    let day = used + by_day;
    night.map_or(day, |night| day.min(comes(night, used + at_night)))
}

/// A moment by the clock of the night, in words.
#[must_use]
pub fn clock(night: &Night, at: DateTime<Utc>) -> String {
    format!("{} ({})", at.with_timezone(&night.zone).format("%H:%M"), night.zone)
}

/// The nights around a moment, each from its begin to its end.
fn nights(night: &Night, at: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
    let Night { from, until, zone } = *night;
    let first = at.with_timezone(&zone).date_naive().checked_sub_days(Days::new(AROUND));
    let dates = first.into_iter().flat_map(|first| first.iter_days().take(2 * AROUND as usize + 1));
    dates.filter_map(move |date| {
        let last = if until > from { date } else { date.succ_opt()? };
        let (begins, ends) = (moment(zone, date.and_time(from)), moment(zone, last.and_time(until)));
        // one that lies in what a clock leaves out is none
        (begins < ends).then_some((begins, ends))
    })
}

/// When a clock shows a time. One that comes twice counts when it comes the second time, so that nobody loses an hour;
/// one that is left out counts when the clock jumps over it.
fn moment(zone: chrono_tz::Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(_, at) => at.to_utc(),
        MappedLocalTime::None => {
            let jump = GapInfo::new(&local, &zone).and_then(|gap| gap.end);
            jump.map_or_else(|| local.and_utc(), |at| at.to_utc())
        }
    }
}

#[cfg(test)]
#[path = "night_tests.rs"]
mod tests;
