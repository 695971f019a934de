//! What a gate saw: how many requests each party got, and the last of them.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// So many requests are remembered for each party.
const KEPT: usize = 10_000;

/// The counts of all parties, by name.
pub type Counts = BTreeMap<&'static str, Count>;

/// One party's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// All since the start or the last reset, also those that are forgotten already.
    pub total: u64,
    /// Bytes of the requests' bodies.
    pub sent: u64,
    /// Bytes of the answers' bodies.
    pub received: u64,
    /// `METHOD path status`, newest last, in the order of the answers. Without the query. In the place of a
    /// status: `cut`, `hang`, `killed` (the faults), `unreachable` (the party did not answer), `gone` (the
    /// client went before there was an answer).
    pub requests: VecDeque<String>,
}

impl Count {
    /// Adds one that has come to its end.
    pub fn add(&mut self, request: String) {
        self.total += 1;
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_requests_are_forgotten_but_stay_counted() {
        let mut count = Count::default();
        for n in 0..=KEPT {
            count.add(format!("GET /{n} 200"));
        }
        assert_eq!((count.total, count.requests.len()), (10_001, 10_000));
        assert_eq!(count.requests[0], "GET /1 200");
    }
}
