//! How fast: the wait before a restart, and how many lines a second are passed on. Pure.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
const GOOD: Duration = Duration::from_secs(60);

/// The wait before the next start of something that ended: 1 s, doubling to a minute, from the beginning again
/// after a good minute.
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// The wait after a run that lasted so long.
    pub fn after(&mut self, ran: Duration) -> Duration {
        let wait = match self.last {
            Some(last) if ran < GOOD => (last * 2).min(LONGEST),
            _ => FIRST,
        };
        self.last = Some(wait);
        wait
    }
}

/// Lets so many through in a second, and counts the others.
#[derive(Debug)]
pub struct Throttle {
    most: u32,
    since: Option<Instant>,
    passed: u32,
    dropped: u64,
}

impl Throttle {
    /// No more than `most` in a second.
    pub fn new(most: u32) -> Self {
        Self { most, since: None, passed: 0, dropped: 0 }
    }

    /// Whether one more may pass now.
    pub fn admit(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= Duration::from_secs(1)) {
            self.since = Some(now);
            self.passed = 0;
        }
        let admitted = self.passed < self.most;
        if admitted {
            self.passed += 1;
        } else {
            self.dropped += 1;
        }
        admitted
    }

    /// One that was let through was lost after all.
    pub fn lost(&mut self) {
        self.dropped += 1;
    }

    /// How many were dropped since the last time that this was asked.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_a_minute_and_begins_again_after_a_good_one() {
        let table =
            [(0, 1), (0, 2), (1, 4), (59, 8), (0, 16), (0, 32), (0, 60), (0, 60), (60, 1), (0, 2), (600, 1)];
        let mut backoff = Backoff::default();
        for (ran, wait) in table {
            assert_eq!(backoff.after(Duration::from_secs(ran)), Duration::from_secs(wait));
        }
        assert_eq!(Backoff::default().after(Duration::from_secs(5)), FIRST);
    }

    #[test]
    fn so_many_a_second_pass_and_the_others_are_counted() {
        let start = Instant::now();
        let mut throttle = Throttle::new(200);
        let passed = |throttle: &mut Throttle, lines: u64, from: u64| {
            (0..lines).filter(|n| throttle.admit(start + Duration::from_micros(from + n))).count()
        };
        assert_eq!(passed(&mut throttle, 10_000, 0), 200);
        assert_eq!(throttle.take_dropped(), 9_800);
        assert_eq!(throttle.take_dropped(), 0);
        assert_eq!(passed(&mut throttle, 10, 500_000), 0);
        assert_eq!(passed(&mut throttle, 150, 1_000_000), 150);
        assert_eq!(passed(&mut throttle, 150, 1_500_000), 50);
        throttle.lost();
        assert_eq!(throttle.take_dropped(), 10 + 100 + 1);
    }
}
