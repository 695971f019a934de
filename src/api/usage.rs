//! The answer of `usage`: hours and costs of a month, as JSON and as CSV.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{member::Member, usage::Month},
    plan::{
        budget::{Budget, Judgement},
        tally::{Amount, Tally},
    },
};

/// What `usage` answers.
#[derive(Debug, JsonSchema, Serialize)]
pub struct UsageBody {
    /// `2026-11`. A session counts whole in the month in which it began.
    pub month: String,
    /// What costs are told in.
    pub currency: String,
    pub says: String,
    pub hours: f64,
    pub cost: f64,
    /// Sessions whose price nobody knows any more: they add hours and no cost.
    pub unpriced: usize,
    /// The caller, or everybody who used something.
    pub members: Vec<MemberUsageBody>,
}

/// What one person used.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MemberUsageBody {
    /// By object id.
    pub member: String,
    pub hours: f64,
    pub cost: f64,
    pub sessions: usize,
    /// Whether a session runs, which counts up to now.
    pub running: bool,
    pub profiles: Vec<ProfileUsageBody>,
    /// Only days with use, in order.
    pub days: Vec<DayBody>,
    /// Null where no budget is set, and for other months than this one.
    pub budget: Option<BudgetBody>,
}

/// What was used of one profile.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ProfileUsageBody {
    pub profile: String,
    pub hours: f64,
    pub cost: f64,
    pub sessions: usize,
}

/// What was used on a day, in UTC.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DayBody {
    pub day: NaiveDate,
    pub hours: f64,
    pub cost: f64,
}

/// The budget of a person, and where they stand.
#[derive(Debug, JsonSchema, Serialize)]
pub struct BudgetBody {
    /// From here on they are warned; null where there is no such bound.
    pub soft: Option<f64>,
    /// From here on nothing starts for them.
    pub hard: Option<f64>,
    /// `within`, `warned` or `spent`.
    pub state: &'static str,
    pub says: String,
    /// When the sum begins anew.
    pub opens: NaiveDate,
}

impl UsageBody {
    #[must_use]
    pub fn new(month: Month, currency: &str, members: Vec<MemberUsageBody>, unpriced: usize) -> Self {
        let hours: f64 = members.iter().fold(0.0, |sum, member| sum + member.hours);
        let cost: f64 = members.iter().fold(0.0, |sum, member| sum + member.cost);
        let mut says = format!("{hours:.1} hours and {cost:.2} {currency} in {month}");
        match members.iter().filter(|member| member.running).count() {
            0 => says.push('.'),
            1 => says.push_str("; a session runs."),
            n => says = format!("{says}; {n} sessions run."),
        }
        if unpriced > 0 {
            says = format!("{says} The price of {unpriced} sessions is not known: they count no cost.");
        }
        let (hours, cost) = (rounded(hours), rounded(cost));
        Self { month: month.to_string(), currency: currency.to_owned(), says, hours, cost, unpriced, members }
    }

    /// A line for each person and profile, after one with the names of the columns.
    ///
    /// # Errors
    /// None that can be met: it is written to memory.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["month", "member", "profile", "sessions", "hours", "cost", "currency"])?;
        for member in &self.members {
            for ProfileUsageBody { profile, hours, cost, sessions } in &member.profiles {
                let numbers = [sessions.to_string(), hours.to_string(), cost.to_string()];
                let [sessions, hours, cost] = &numbers;
                csv.write_record([
                    &self.month,
                    &member.member,
                    profile,
                    sessions,
                    hours,
                    cost,
                    &self.currency,
                ])?;
            }
        }
        csv.into_inner().map_err(|e| e.into_error().into())
    }
}

impl MemberUsageBody {
    #[must_use]
    pub fn new(member: Member, tally: Tally, budget: Option<BudgetBody>) -> Self {
        let profiles = tally.profiles.into_iter().map(|(profile, (amount, sessions))| {
            let (hours, cost) = numbers(amount);
            ProfileUsageBody { profile, hours, cost, sessions }
        });
        let days = tally.days.into_iter().map(|(day, amount)| {
            let (hours, cost) = numbers(amount);
            DayBody { day, hours, cost }
        });
        let (hours, cost) = numbers(tally.whole);
        Self {
            member: member.to_string(),
            hours,
            cost,
            sessions: tally.sessions,
            running: tally.running,
            profiles: profiles.collect(),
            days: days.collect(),
            budget,
        }
    }
}

impl BudgetBody {
    #[must_use]
    pub fn new(budget: &Budget, judgement: Judgement) -> Self {
        Self {
            soft: budget.soft,
            hard: budget.hard,
            state: judgement.standing.word(),
            says: judgement.says,
            opens: judgement.opens,
        }
    }
}

fn numbers(amount: Amount) -> (f64, f64) {
    (rounded(amount.hours()), rounded(amount.cost))
}

/// Four places: less than a second of an hour, and less than a cent.
fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn used(profile: &str, minutes: i64, price: f64, running: bool) -> MemberUsageBody {
        let member = Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
        let mut amount = Amount { time: TimeDelta::minutes(minutes), cost: 0.0 };
        amount.cost = amount.hours() * price;
        let profiles = [(profile.to_owned(), (amount, 1))].into();
        let tally = Tally { whole: amount, sessions: 1, running, profiles, ..Tally::default() };
        MemberUsageBody::new(member, tally, None)
    }

    #[test]
    fn a_month_is_told_in_a_sentence_and_as_a_table() {
        let month = Month::parse("2026-11").unwrap();
        let members = vec![used("t4", 100, 0.53, true), used("the \"large\", one", 60, 3.0, false)];
        let body = UsageBody::new(month, "EUR", members, 0);
        assert_eq!(body.says, "2.7 hours and 3.88 EUR in 2026-11; a session runs.");
        assert_eq!((body.hours, body.cost), (2.6667, 3.8833));
        let csv = String::from_utf8(body.csv().unwrap()).unwrap();
        let expected = "month,member,profile,sessions,hours,cost,currency\n\
            2026-11,6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b,t4,1,1.6667,0.8833,EUR\n\
            2026-11,6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b,\"the \"\"large\"\", one\",1,1,3,EUR\n";
        assert_eq!(csv, expected);
        let nothing = UsageBody::new(month, "EUR", vec![], 2);
        assert!(
            nothing.says.starts_with("0.0 hours and 0.00 EUR in 2026-11. The price of 2"),
            "{}",
            nothing.says
        );
    }
}
