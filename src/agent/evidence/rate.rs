//! How much a second, over the last half minute: a short burst is not use.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time over which is averaged.
pub const SPAN: Duration = Duration::from_secs(30);

/// Averages what was used between looks.
#[derive(Default)]
pub struct Rate {
    /// From, to, and how much in between.
    looks: VecDeque<(Instant, Instant, u64)>,
    last: Option<Instant>,
}

impl Rate {
    /// Adds what was used since the look before, and returns how much it is a second over the last [`SPAN`], or since
    /// longer if that look was longer ago. What was before the first look does not count.
    pub fn add(&mut self, now: Instant, used: u64) -> f64 {
        if let Some(last) = self.last.replace(now) {
            self.looks.push_back((last, now, used));
        }
        while self.looks.front().is_some_and(|(_, to, _)| now.saturating_duration_since(*to) >= SPAN) {
            self.looks.pop_front();
        }
        let Some((from, ..)) = self.looks.front() else { return 0.0 };
        let time = now.saturating_duration_since(*from).max(SPAN);
        let sum: u64 = self.looks.iter().map(|(.., used)| used).sum();
        sum as f64 / time.as_secs_f64()
    }
}

/// Bytes a second, for people.
pub fn bytes(rate: f64) -> String {
    match rate {
        ..1_000.0 => format!("{rate:.0} B/s"),
        ..1_000_000.0 => format!("{:.1} kB/s", rate / 1e3),
        _ => format!("{:.1} MB/s", rate / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_spread_and_forgotten_and_a_long_pause_makes_nothing_bigger() {
        let start = Instant::now();
        let mut rate = Rate::default();
        let table = [
            // the first look knows no before
            (0, 1_000_000, 0.0),
            (5, 300, 10.0),
            (10, 300, 20.0),
            (30, 0, 20.0),
            (36, 0, 10.0),
            (41, 0, 0.0),
            (641, 6_000, 10.0),
            (646, 0, 6_000.0 / 605.0),
        ];
        for (at, used, expected) in table {
            let found = rate.add(start + Duration::from_secs(at), used);
            assert!((found - expected).abs() < 1.0, "at {at}: {found}, not {expected}");
        }
    }

    #[test]
    fn bytes_are_said_in_the_unit_that_fits() {
        let said = [0.0, 999.4, 1_000.0, 512_345.0, 12_345_678.0].map(bytes);
        assert_eq!(said, ["0 B/s", "999 B/s", "1.0 kB/s", "512.3 kB/s", "12.3 MB/s"]);
    }
}
