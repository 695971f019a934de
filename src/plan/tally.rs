//! Hours and costs: what sessions add up to, for each person, profile and day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::domain::{member::Member, usage::Spell};

/// A time of use, and its cost in the currency of the installation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    pub time: TimeDelta,
    pub cost: f64,
}

impl Default for Amount {
    fn default() -> Self {
        Self { time: TimeDelta::zero(), cost: 0.0 }
    }
}

impl Amount {
    /// In hours.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a month has fewer milliseconds than a float has numbers")]
    pub fn hours(self) -> f64 {
        self.time.num_milliseconds() as f64 / 3_600_000.0
    }

    fn of(from: DateTime<Utc>, to: DateTime<Utc>, price: f64) -> Self {
        let mut amount = Self { time: (to - from).max(TimeDelta::zero()), cost: 0.0 };
        amount.cost = amount.hours() * price;
        amount
    }

    fn add(&mut self, other: Self) {
        self.time += other.time;
        self.cost += other.cost;
    }
}

/// What a person used in a month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub whole: Amount,
    pub sessions: usize,
    /// Whether one of them runs.
    pub running: bool,
    /// Sessions whose price nobody knows: they add hours and no cost.
    pub unpriced: usize,
    /// By profile, with the number of sessions.
    pub profiles: BTreeMap<String, (Amount, usize)>,
    /// By day in UTC; only days with use.
    pub days: BTreeMap<NaiveDate, Amount>,
}

/// Adds up sessions; one that runs counts until now. One that is given twice counts once, as it was given first.
#[must_use]
pub fn tally(spells: impl IntoIterator<Item = Spell>, now: DateTime<Utc>) -> BTreeMap<Member, Tally> {
    let mut people = BTreeMap::<Member, Tally>::new();
    let mut known = BTreeSet::new();
    for spell in spells {
        if known.insert((spell.member, spell.session.clone())) {
            people.entry(spell.member).or_default().add(&spell, now);
        }
    }
    people
}

impl Tally {
    fn add(&mut self, spell: &Spell, now: DateTime<Utc>) {
        let ended = spell.ended.unwrap_or(now).max(spell.started);
        let price = spell.price_per_hour.unwrap_or(0.0);
        let amount = Amount::of(spell.started, ended, price);
        self.whole.add(amount);
        self.sessions += 1;
        self.running |= spell.ended.is_none();
        self.unpriced += usize::from(spell.price_per_hour.is_none());
        let (of_profile, sessions) = self.profiles.entry(spell.profile.clone()).or_default();
        of_profile.add(amount);
        *sessions += 1;
        let mut from = spell.started;
        while from < ended {
            let day = from.date_naive();
            let midnight = day.succ_opt().map_or(ended, |next| next.and_time(NaiveTime::MIN).and_utc());
            let to = midnight.min(ended);
            self.days.entry(day).or_default().add(Amount::of(from, to, price));
            from = to;
        }
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
