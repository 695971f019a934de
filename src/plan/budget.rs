//! Budgets: what a person may spend in a month before they are warned, and before no start is made for them any more.

use chrono::NaiveDate;

use crate::domain::usage::Month;

/// Bounds of what one person may spend in a month, in the currency of the installation; none where there is no bound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// From here on they are warned.
    pub soft: Option<f64>,
    /// From here on nothing starts for them before the next month.
    pub hard: Option<f64>,
    /// The word behind sums, such as `EUR`.
    pub currency: String,
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Within,
    Warned,
    /// No start is made.
    Spent,
}

impl Standing {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Warned => "warned",
            Self::Spent => "spent",
        }
    }
}

/// A judgement, with its reason in words. They hold for whoever reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub standing: Standing,
    pub says: String,
    /// The day on which the sum begins anew.
    pub opens: NaiveDate,
}

impl Budget {
    /// Whether there is any bound.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.soft.is_some() || self.hard.is_some()
    }
}

/// Judges what was spent in this month; none where there is no bound.
#[must_use]
pub fn judge(budget: &Budget, spent: f64, month: Month) -> Option<Judgement> {
    let (opens, currency) = (month.next(), &budget.currency);
    let sum = |bound: f64| format!("{spent:.2} of {bound:.2} {currency}");
    let (standing, says) = match (budget.soft, budget.hard) {
        (_, Some(hard)) if spent >= hard => (
            Standing::Spent,
            format!("The budget of {month} is spent: {}. Starts open again on {opens}.", sum(hard)),
        ),
        (Some(soft), Some(hard)) if spent >= soft => (
            Standing::Warned,
            format!(
                "{} are spent in {month}; at {hard:.2} {currency} nothing starts any more before {opens}.",
                sum(soft)
            ),
        ),
        (Some(soft), None) if spent >= soft => {
            (Standing::Warned, format!("{} are spent in {month}, more than is meant for it.", sum(soft)))
        }
        (None, None) => return None,
        (soft, hard) => {
            let bound = soft.or(hard).unwrap_or_default();
            (Standing::Within, format!("{} are spent in {month}.", sum(bound)))
        }
    };
    Some(Judgement { standing, says, opens })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_within_warned_of_or_spent() {
        use Standing::{Spent, Warned, Within};
        let rows = [
            (None, None, 1000.0, None),
            (Some(50.0), Some(100.0), 0.0, Some((Within, "0.00 of 50.00 EUR"))),
            (Some(50.0), Some(100.0), 49.99, Some((Within, "49.99 of 50.00 EUR"))),
            (Some(50.0), Some(100.0), 50.0, Some((Warned, "at 100.00 EUR nothing starts"))),
            (Some(50.0), Some(100.0), 99.99, Some((Warned, "before 2027-01-01"))),
            (Some(50.0), Some(100.0), 100.0, Some((Spent, "100.00 of 100.00 EUR"))),
            (
                Some(50.0),
                Some(100.0),
                120.5,
                Some((Spent, "120.50 of 100.00 EUR. Starts open again on 2027-01-01.")),
            ),
            (Some(50.0), None, 120.5, Some((Warned, "120.50 of 50.00 EUR"))),
            (None, Some(100.0), 99.0, Some((Within, "99.00 of 100.00 EUR"))),
            (None, Some(0.0), 0.0, Some((Spent, "0.00 of 0.00 EUR"))),
        ];
        let month = Month::parse("2026-12").unwrap();
        for (soft, hard, spent, expected) in rows {
            let budget = Budget { soft, hard, currency: "EUR".into() };
            let told = judge(&budget, spent, month);
            assert_eq!(told.is_some(), budget.is_set());
            match (told, expected) {
                (None, None) => {}
                (Some(told), Some((standing, part))) => {
                    assert_eq!(told.standing, standing, "{spent} {told:?}");
                    assert!(told.says.contains(part), "{spent}: {}", told.says);
                    assert_eq!(told.opens.to_string(), "2027-01-01");
                }
                (told, expected) => panic!("{spent}: {told:?}, {expected:?}"),
            }
        }
    }
}
