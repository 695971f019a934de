//! What a session was: the record that outlives the workspace, and what of it hours and costs are told from.

use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};

use super::{
    member::Member,
    profile::Profiles,
    workspace::{Ended, EndedBy, Session, Workspace},
};

/// One session, from its first replica to its stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    pub member: Member,
    pub session: String,
    pub profile: String,
    pub image: String,
    pub started: DateTime<Utc>,
    pub ended: DateTime<Utc>,
    pub by: Option<EndedBy>,
    pub why: String,
    /// In the currency of the installation, as it was when the record was made; none where the profile is gone.
    pub price_per_hour: Option<f64>,
}

/// What counts of a session: its hours, and what an hour of them costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Spell {
    pub member: Member,
    pub session: String,
    pub profile: String,
    pub started: DateTime<Utc>,
    /// None while it runs.
    pub ended: Option<DateTime<Utc>>,
    /// In the currency of the installation; none where nobody knows it any more.
    pub price_per_hour: Option<f64>,
}

impl Spell {
    /// What counts of the session that a workspace has: one that runs, or the last one. Waiting for a sign-in is free.
    #[must_use]
    pub fn of(member: Member, session: &Session, ended: Option<&Ended>, profiles: &Profiles) -> Option<Self> {
        let started = session.started?;
        let ended = match ended {
            None => None,
            Some(ended) => Some(ended.at?.max(started)),
        };
        Some(Self {
            member,
            session: session.id.clone(),
            profile: session.profile.clone(),
            started,
            ended,
            price_per_hour: profiles.get(&session.profile).map(|profile| profile.price_per_hour),
        })
    }
}

/// A month of the calendar, in UTC. A session belongs whole to the month in which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

/// What was given as a month and is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is no month")]
pub struct NotAMonth(String);

impl Month {
    /// # Errors
    /// When the text is not of the form `2026-11`.
    pub fn parse(text: &str) -> Result<Self, NotAMonth> {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        // a year has four digits and a month two: the names of the records are cut by them
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok();
        first
            .filter(|_| text.len() == 7 && digits == 6)
            .map(Self)
            .ok_or_else(|| NotAMonth(text.chars().take(32).collect()))
    }

    /// The month of a time.
    #[must_use]
    pub fn of(at: DateTime<Utc>) -> Self {
        let day = at.date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The first day of the month after it.
    #[must_use]
    pub fn next(self) -> NaiveDate {
        self.0.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m").fmt(f)
    }
}

impl Usage {
    /// What is to be recorded of a workspace: its last session, if that ran, has ended, and is not recorded yet.
    /// Waiting for a sign-in is free.
    #[must_use]
    pub fn to_record(seen: &Workspace, member: Member, profiles: &Profiles) -> Option<Self> {
        Self::unrecorded(seen.session.as_ref()?, seen.ended.as_ref()?, member, profiles)
    }

    /// The same of a session and its end.
    #[must_use]
    pub fn unrecorded(session: &Session, ended: &Ended, member: Member, profiles: &Profiles) -> Option<Self> {
        if ended.recorded {
            return None;
        }
        let started = session.started?;
        Some(Self {
            member,
            session: session.id.clone(),
            profile: session.profile.clone(),
            image: session.image.clone(),
            started,
            // clocks may differ: no session ends before it began
            ended: ended.at?.max(started),
            by: ended.by,
            why: ended.why.clone(),
            price_per_hour: profiles.get(&session.profile).map(|profile| profile.price_per_hour),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::workspace::Seen;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_month_is_read_and_has_a_next_one() {
        let rows = [
            ("2026-11", Some("2026-12-01")),
            ("2026-12", Some("2027-01-01")),
            ("2026-13", None),
            ("2026-1", None),
            ("2026-11-01", None),
            ("-026-11", None),
            ("+026-11", None),
            ("november", None),
            ("", None),
        ];
        for (text, next) in rows {
            let month = Month::parse(text);
            assert_eq!(
                month.as_ref().ok().map(|m| m.next().to_string()),
                next.map(ToOwned::to_owned),
                "{text}"
            );
            assert!(month.is_err() || month.is_ok_and(|m| m.to_string() == text), "{text}");
        }
        let last = "2026-11-30T23:59:59Z".parse().unwrap();
        assert_eq!(Month::of(last), Month::parse("2026-11").unwrap());
    }

    #[test]
    fn only_a_session_that_ran_has_ended_and_is_not_recorded_is_to_be_recorded() {
        let member = Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
        let profiles = Profiles::named(&["small"]);
        let seen = |started: Option<i64>, profile: &str, ended: Option<(Option<i64>, bool)>| Workspace {
            on: false,
            settled: true,
            session: Some(Session {
                id: "one".into(),
                asked: at(0),
                started: started.map(at),
                waits: None,
                account: None,
                watch: crate::domain::idleness::Watch::default(),
                by: member,
                profile: profile.into(),
                image: "i".into(),
            }),
            ended: ended.map(|(when, recorded)| Ended {
                at: when.map(at),
                by: None,
                why: "so".into(),
                recorded,
            }),
            seen: Seen { session: String::new(), ended: String::new() },
            profiles: None,
            version: String::new(),
        };
        let rows = [
            ("ended", seen(Some(10), "small", Some((Some(70), false))), Some((60, Some(0.5)))),
            ("of a profile that is gone", seen(Some(10), "large", Some((Some(70), false))), Some((60, None))),
            ("clocks that differ", seen(Some(10), "small", Some((Some(5), false))), Some((0, Some(0.5)))),
            ("recorded", seen(Some(10), "small", Some((Some(70), true))), None),
            ("runs", seen(Some(10), "small", None), None),
            ("waited for a sign-in", seen(None, "small", Some((Some(70), false))), None),
            ("never ran", Workspace { session: None, ..seen(None, "small", Some((None, false))) }, None),
        ];
        for (name, seen, expected) in rows {
            let spell = seen
                .session
                .as_ref()
                .and_then(|session| Spell::of(member, session, seen.ended.as_ref(), &profiles));
            let ran = seen.session.as_ref().is_some_and(|session| session.started.is_some());
            assert_eq!(
                spell.is_some(),
                ran,
                "{name}: hours are counted of what has begun to run, and of nothing else"
            );
            let runs = spell.as_ref().is_some_and(|spell| spell.ended.is_none());
            assert_eq!(runs, ran && seen.ended.is_none(), "{name}");
            let usage = Usage::to_record(&seen, member, &profiles);
            let short = usage.map(|u| ((u.ended - u.started).num_seconds(), u.price_per_hour));
            assert_eq!(short, expected, "{name}");
        }
    }
}
