//! NCRONTAB: six fields (or five), day and weekday both to be met, in UTC (SOURCES 5).

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use croner::{Cron, parser::CronParser};

/// When a timer fires.
#[derive(Debug, Clone)]
pub struct Schedule {
    // boxed: it is by far the largest part of any trigger
    cron: Box<Cron>,
}

impl Schedule {
    /// Parses an expression; what other crons know and NCRONTAB does not is refused.
    pub fn parse(text: &str) -> Result<Self> {
        if text.contains(':') {
            bail!("a time span as schedule works on App Service plans only: write six fields");
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (seconds, rest) = match fields.as_slice() {
            rest if rest.len() == 5 => ("0", rest),
            [seconds, rest @ ..] if rest.len() == 5 => (*seconds, rest),
            _ => bail!("it needs six fields: second minute hour day month weekday"),
        };
        let whole = same(&format!("{seconds} {}", rest.join(" ")))?;
        let parser = CronParser::builder().dom_and_dow(true).build();
        let cron = parser.parse(&whole).context("it is no NCRONTAB expression")?;
        Ok(Self { cron: Box::new(cron) })
    }

    /// The first whole second strictly after `base` at which it fires.
    pub fn after(&self, base: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&base, false).ok()
    }

    /// Whether two of its next times lie less than a minute apart: then the host keeps no status of it.
    pub fn is_faster_than_a_minute(&self) -> bool {
        let mut times = Vec::new();
        let mut at = DateTime::UNIX_EPOCH;
        while let Some(next) = self.after(at).filter(|_| times.len() < 10) {
            times.push(next);
            at = next;
        }
        times.windows(2).any(|pair| pair[1] - pair[0] < TimeDelta::minutes(1))
    }
}

/// The expression as croner reads it, refusing what croner would let pass and NCrontab would not.
fn same(whole: &str) -> Result<String> {
    let fields: Result<Vec<String>> =
        whole.split(' ').zip([59, 59, 23, 31, 12, 6]).enumerate().map(field).collect();
    Ok(fields?.join(" "))
}

fn field((at, (text, greatest)): (usize, (&str, u32))) -> Result<String> {
    let parts: Result<Vec<String>> = text.split(',').map(|one| part(at, one, greatest)).collect();
    Ok(parts?.join(","))
}

fn part(at: usize, text: &str, greatest: u32) -> Result<String> {
    let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
    if step.is_some_and(|step| step.parse::<u32>().map_or(true, |step| step == 0)) {
        bail!("{text:?} has no step that is a number");
    }
    for edge in range.split('-').filter(|_| range != "*") {
        let name = at >= 4 && edge.len() == 3 && edge.bytes().all(|c| c.is_ascii_alphabetic());
        let number =
            edge.bytes().all(|c| c.is_ascii_digit()) && edge.parse::<u32>().is_ok_and(|n| n <= greatest);
        if !name && !number {
            bail!("{text:?} is no NCRONTAB: no '?', 'L', 'W', '#' or '@', three letters a name, Sunday is 0");
        }
    }
    // a single number with a step runs to the field's end
    Ok(match step {
        Some(step) if range != "*" && !range.contains('-') => format!("{range}-{greatest}/{step}"),
        _ => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_strictly_later_and_needs_day_and_weekday() {
        for (expression, base, next) in [
            ("0 */5 * * * *", "2026-10-01T12:00:00Z", "2026-10-01T12:05:00Z"),
            ("*/5 * * * *", "2026-10-01T12:00:01Z", "2026-10-01T12:05:00Z"),
            ("*/10 * * * * *", "2026-10-01T12:00:00.500Z", "2026-10-01T12:00:10Z"),
            ("0 0 0 13 * fri", "2026-10-01T00:00:00Z", "2026-11-13T00:00:00Z"), // a Friday the 13th
            ("0 0 3 * jan-mar 0", "2026-10-01T00:00:00Z", "2027-01-03T03:00:00Z"),
            ("0 10/20 * * * *", "2026-10-01T12:31:00Z", "2026-10-01T12:50:00Z"),
            ("0 30 9-17/4 * * 1-5", "2026-10-02T18:00:00Z", "2026-10-05T09:30:00Z"),
        ] {
            let base: DateTime<Utc> = base.parse().unwrap();
            let wanted: DateTime<Utc> = next.parse().unwrap();
            assert_eq!(Schedule::parse(expression).unwrap().after(base), Some(wanted), "{expression}");
        }
    }

    #[test]
    fn what_ncrontab_does_not_know_is_refused() {
        for expression in [
            "@daily",
            "* * * *",
            "0 0 0 ? * *",
            "0 0 0 L * *",
            "0 0 0 * * 7",
            "0 0 0 * * 5#2",
            "0 60 * * * *",
            "0 */0 * * * *",
            "00:05:00",
            "* * * * * * *",
        ] {
            assert!(Schedule::parse(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn a_status_is_kept_from_once_a_minute_on() {
        assert!(!Schedule::parse("0 * * * * *").unwrap().is_faster_than_a_minute());
        assert!(Schedule::parse("0,30 0 * * * *").unwrap().is_faster_than_a_minute());
    }
}
