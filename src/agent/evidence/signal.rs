//! What a signal is, and how its readings become evidence.

use chrono::{DateTime, Utc};

use super::processes::Look;
use crate::domain::activity::Evidence;

/// One way to tell that a workspace is used.
pub trait Signal: Send {
    /// Its name in the line.
    fn name(&self) -> &'static str;

    /// What it sees now, or why it can not be read; none where there is nothing that it could be about.
    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String>;
}

/// What a signal saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When use was seen last, as far as this reading can tell.
    pub used: Option<DateTime<Utc>>,
    /// The value of now, in words for people.
    pub value: String,
}

impl Reading {
    /// Use now, if so.
    pub fn now(look: &Look, used: bool, value: String) -> Self {
        Self { used: used.then_some(look.at), value }
    }
}

/// Remembers when a signal saw use last.
pub struct Track {
    signal: Box<dyn Signal>,
    last: Option<DateTime<Utc>>,
}

impl Track {
    /// Nothing was seen yet.
    pub fn new(signal: Box<dyn Signal>) -> Self {
        Self { signal, last: None }
    }

    /// The signal's name.
    pub fn name(&self) -> &'static str {
        self.signal.name()
    }

    /// Reads the signal.
    pub fn look(&mut self, look: &Look) -> Option<Evidence> {
        let reading = match self.signal.read(look) {
            Ok(reading) => reading?,
            Err(why) => return Some(Evidence::Unknown { why }),
        };
        // of two clocks the later one must not keep a workspace longer than it was used
        self.last = self.last.max(reading.used.map(|used| used.min(look.at)));
        Some(match self.last {
            Some(at) => Evidence::Seen { at, value: reading.value },
            None => Evidence::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    struct Script(VecDeque<Result<Option<Reading>, String>>);

    impl Signal for Script {
        fn name(&self) -> &'static str {
            "script"
        }
        fn read(&mut self, _: &Look) -> Result<Option<Reading>, String> {
            self.0.pop_front().unwrap()
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_last_use_is_remembered_beside_the_value_of_now() {
        let read =
            |used: Option<i64>, value: &str| Ok(Some(Reading { used: used.map(at), value: value.into() }));
        let seen = |last, value: &str| Some(Evidence::Seen { at: at(last), value: value.into() });
        let unknown = Some(Evidence::Unknown { why: "gone".into() });
        let table = [
            (0, read(None, "0"), Some(Evidence::Nothing)),
            (5, Ok(None), None),
            (10, read(Some(10), "7"), seen(10, "7")),
            (15, read(None, "0"), seen(10, "0")),
            (20, Err("gone".into()), unknown),
            (25, read(Some(5), "1"), seen(10, "1")),
            (30, read(Some(9_999), "1"), seen(30, "1")),
        ];
        let mut track = Track::new(Box::new(Script(table.iter().map(|row| row.1.clone()).collect())));
        for (now, _, expected) in table {
            let mut look = Look::default();
            look.renew(at(now));
            assert_eq!(track.look(&look), expected, "at {now}");
        }
    }
}
