//! What the signals of a workspace say about its use.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// What one signal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Use was seen, last at that time; the value of now, in words for people (`87 %`).
    Seen { at: DateTime<Utc>, value: String },
    /// The signal could not be read: this is not idleness.
    Unknown { why: String },
    /// The signal was read, and no use was seen since the start.
    Nothing,
}

/// All evidence of a workspace, by the name of the signal (`gpu`, `editor`, …).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    pub signals: BTreeMap<String, Evidence>,
}

impl Activity {
    /// The latest use that any signal saw.
    pub fn last_seen(&self) -> Option<DateTime<Utc>> {
        self.signals
            .values()
            .filter_map(|evidence| match evidence {
                Evidence::Seen { at, .. } => Some(*at),
                Evidence::Unknown { .. } | Evidence::Nothing => None,
            })
            .max()
    }

    /// The same evidence, believed no further than `now`: a time in the future would keep a workspace for ever.
    pub fn not_after(mut self, now: DateTime<Utc>) -> Self {
        for evidence in self.signals.values_mut() {
            if let Evidence::Seen { at, .. } = evidence {
                *at = (*at).min(now);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn seen(seconds: i64) -> Evidence {
        Evidence::Seen { at: at(seconds), value: String::new() }
    }

    #[test]
    fn the_latest_use_counts_and_never_lies_in_the_future() {
        let unknown = Evidence::Unknown { why: "no driver".into() };
        let table: [(Vec<Evidence>, Option<i64>); 4] = [
            (vec![], None),
            (vec![unknown.clone(), Evidence::Nothing], None),
            (vec![seen(-60), unknown, seen(-5)], Some(-5)),
            (vec![seen(-60), seen(1_000_000_000)], Some(0)),
        ];
        for (evidence, last) in table {
            let signals = evidence.into_iter().enumerate().map(|(n, e)| (n.to_string(), e)).collect();
            let activity = Activity { signals }.not_after(at(0));
            assert_eq!(activity.last_seen(), last.map(at));
        }
    }
}
