//! Whoever waits on the queue is not put there again, as long as that is known and not long ago.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::member::Member;

/// After this time nobody trusts that they are still there.
const LATELY: TimeDelta = TimeDelta::minutes(1);

/// Who was put on the queue by this process, and has not been looked at by it yet. Forgetting costs a message.
#[derive(Default)]
pub struct SentFor(Mutex<HashMap<Member, DateTime<Utc>>>);

impl SentFor {
    /// Those who do not wait already.
    #[must_use]
    pub fn others(&self, members: Vec<Member>, now: DateTime<Utc>) -> Vec<Member> {
        let mut waiting = self.waiting();
        waiting.retain(|_, at| now - *at < LATELY);
        members.into_iter().filter(|member| !waiting.contains_key(member)).collect()
    }

    /// Somebody waits now.
    pub fn note(&self, member: Member, now: DateTime<Utc>) {
        self.waiting().insert(member, now);
    }

    /// Somebody is looked at.
    pub fn forget(&self, member: Member) {
        self.waiting().remove(&member);
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Member, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_known_until_they_are_looked_at_or_for_a_minute() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let [ada, ben] = ["6e9f2c1a", "00000000"]
            .map(|id| Member::parse(&format!("{id}-0d3b-4b52-9a77-1c2d3e4f5a6b")).unwrap());
        let sent_for = SentFor::default();
        assert_eq!(sent_for.others(vec![ada, ben], now), [ada, ben]);
        sent_for.note(ada, now);
        assert_eq!(sent_for.others(vec![ada, ben], now), [ben]);
        sent_for.note(ben, now);
        sent_for.forget(ada);
        assert_eq!(sent_for.others(vec![ada, ben], now), [ada]);
        assert_eq!(sent_for.others(vec![ada, ben], now + LATELY), [ada, ben]);
    }
}
