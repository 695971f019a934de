//! Events as their writers leave them, and the one among many that counts.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::{api::core::v1::Event, jiff::Timestamp};

use crate::domain::situation::{Phase, Situation};

/// A row of a table: an event's reason, what its message contains, and what that means.
#[derive(Debug)]
pub struct Meaning {
    pub reason: &'static str,
    pub contains: &'static str,
    pub phase: Phase,
    /// Empty where the event only ends what an older one told.
    pub says: &'static str,
    pub next: &'static str,
    pub usually: &'static str,
    /// For how long what ends as failed still counts as starting: much of it passes by itself.
    pub patience: TimeDelta,
}

/// A row that ends as failed.
pub const fn failed(
    reason: &'static str,
    contains: &'static str,
    says: &'static str,
    next: &'static str,
) -> Meaning {
    Meaning { reason, contains, phase: Phase::Failed, says, next, usually: "", patience: TimeDelta::zero() }
}

/// A row that passes by itself.
pub const fn passing(
    reason: &'static str,
    contains: &'static str,
    says: &'static str,
    usually: &'static str,
) -> Meaning {
    Meaning { phase: Phase::Starting, usually, ..failed(reason, contains, says, "") }
}

/// A row that only says that all before it has passed.
pub const fn nothing(reason: &'static str) -> Meaning {
    passing(reason, "", "", "")
}

impl Meaning {
    /// The row, taken as failed only after so many seconds.
    pub const fn patient(mut self, seconds: i64) -> Self {
        self.patience = TimeDelta::seconds(seconds);
        self
    }

    /// The row, with something to do meanwhile.
    pub const fn with_next(mut self, next: &'static str) -> Self {
        self.next = next;
        self
    }
}

/// What a table makes of some events.
#[derive(Clone, Copy)]
pub struct Told {
    pub row: &'static Meaning,
    /// When it was told first, …
    pub first: Option<DateTime<Utc>>,
    /// … and last.
    pub last: Option<DateTime<Utc>>,
}

/// The newest event that the table knows. Of two in the same second, which is all that most events tell, the
/// row further down counts: tables follow the course of a start.
pub fn meaning<'a>(table: &'static [Meaning], events: impl Iterator<Item = &'a Event>) -> Option<Told> {
    let known: Vec<(usize, &Event)> = events.filter_map(|event| Some((find(table, event)?, event))).collect();
    let (newest, event) = known.iter().max_by_key(|(row, event)| (last(event), *row))?;
    // texts of one meaning differ in numbers and order, and each is an event of its own
    let same = known.iter().filter(|(row, _)| row == newest);
    Some(Told {
        row: &table[*newest],
        first: same.filter_map(|(_, event)| first(event)).min(),
        last: last(event),
    })
}

/// The row of an event: the first that fits.
pub fn find(table: &[Meaning], event: &Event) -> Option<usize> {
    table.iter().position(|row| row.reason == reason(event) && message(event).contains(row.contains))
}

impl Told {
    /// The row as a situation; none where it tells nothing.
    pub fn situation(self, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Situation> {
        let row = self.row;
        let passes = self.first.is_some_and(|first| now - first < row.patience);
        let phase = if passes { Phase::Starting } else { row.phase };
        let mut situation = Situation::new(phase, row.says, since);
        situation.next = (!row.next.is_empty()).then(|| row.next.to_owned());
        situation.usually = (!row.usually.is_empty()).then_some(row.usually);
        (!row.says.is_empty()).then_some(situation)
    }
}

pub fn reason(event: &Event) -> &str {
    event.reason.as_deref().unwrap_or_default()
}

pub fn message(event: &Event) -> &str {
    event.message.as_deref().unwrap_or_default()
}

/// When an event was seen last. Writers of `events.k8s.io` (the scheduler) count in `series` and leave the
/// older fields empty; all others fill those.
pub fn last(event: &Event) -> Option<DateTime<Utc>> {
    let series = event.series.as_ref().and_then(|s| s.last_observed_time.as_ref());
    let stamp =
        series.map(|t| &t.0).or_else(|| event.last_timestamp.as_ref().map(|t| &t.0)).or_else(|| once(event));
    stamp.and_then(whole_second)
}

/// When it was seen first.
pub fn first(event: &Event) -> Option<DateTime<Utc>> {
    once(event).and_then(whole_second)
}

fn once(event: &Event) -> Option<&Timestamp> {
    let first = event.first_timestamp.as_ref().map(|t| &t.0);
    let created = || event.metadata.creation_timestamp.as_ref().map(|t| &t.0);
    first.or_else(|| event.event_time.as_ref().map(|t| &t.0)).or_else(created)
}

/// Some writers tell parts of a second and some do not: only whole ones compare.
fn whole_second(time: &Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.as_second(), 0)
}
