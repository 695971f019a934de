//! The tenant's published keys: fetched when they are needed, kept for an hour.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use backon::{ConstantBuilder, Retryable};
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use tokio::sync::Mutex;

/// Keys are looked at again after this, as the tenant may withdraw one.
const FRESH: Duration = Duration::from_secs(3600);

/// A key that we do not know may be new; a forger may name one a second. So not more often than this.
const BETWEEN_MISSES: Duration = Duration::from_secs(300);

/// While a tenant that does not answer is left in peace, kept keys serve at once.
const BETWEEN_FAILURES: Duration = Duration::from_secs(60);

/// How long all tries to fetch may take together.
const PATIENCE: Duration = Duration::from_secs(20);

/// The keys could not be fetched, and none are kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the tenant's keys can not be fetched: {0}")]
pub struct NoKeys(String);

/// The keys of one tenant.
#[derive(Clone)]
pub struct Keys {
    url: String,
    client: reqwest::Client,
    kept: Arc<RwLock<Kept>>,
    /// One fetch at a time, and nobody who has their key waits for it.
    fetching: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Kept {
    set: Option<(JwkSet, Instant)>,
    missed: Option<Instant>,
    failed: Option<(NoKeys, Instant)>,
}

impl Keys {
    #[must_use]
    pub fn new(url: String, client: reqwest::Client) -> Self {
        Self { url, client, kept: Arc::default(), fetching: Arc::default() }
    }

    /// The key of that id, if the tenant has it.
    ///
    /// # Errors
    /// When the tenant does not answer and that key is not kept.
    pub async fn find(&self, id: &str) -> Result<Option<DecodingKey>, NoKeys> {
        let asked = Instant::now();
        if let Some(key) = self.kept(|kept| kept.is_fresh(asked).then(|| kept.key(id)).flatten()) {
            return Ok(Some(key));
        }
        let _alone = self.fetching.lock().await;
        if self.kept(|kept| kept.is_worth_a_fetch(kept.key(id).is_some(), asked, Instant::now())) {
            let fetched = self.fetch().await;
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.note(fetched, id, Instant::now());
        }
        self.kept(|kept| match (kept.key(id), &kept.failed) {
            // a key that was good an hour ago is better than to let nobody in
            (Some(key), _) => Ok(Some(key)),
            (None, Some((failure, _))) => Err(failure.clone()),
            (None, None) => Ok(None),
        })
    }

    fn kept<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn fetch(&self) -> Result<JwkSet, NoKeys> {
        let once = || async { self.client.get(&self.url).send().await?.error_for_status()?.json().await };
        let tries =
            once.retry(ConstantBuilder::new().with_delay(Duration::from_millis(300)).with_max_times(2));
        match tokio::time::timeout(PATIENCE, tries).await {
            Ok(fetched) => fetched.map_err(|e: reqwest::Error| NoKeys(e.to_string())),
            Err(_) => Err(NoKeys(format!("no answer within {PATIENCE:?}"))),
        }
    }
}

impl Kept {
    fn is_fresh(&self, now: Instant) -> bool {
        self.set.as_ref().is_some_and(|(_, at)| now.duration_since(*at) < FRESH)
    }

    fn key(&self, id: &str) -> Option<DecodingKey> {
        DecodingKey::from_jwk(self.set.as_ref()?.0.find(id)?).ok()
    }

    /// Whether somebody who asked then, for a key that is kept or not, should ask the tenant now.
    fn is_worth_a_fetch(&self, kept: bool, asked: Instant, now: Instant) -> bool {
        if let Some((_, at)) = &self.failed {
            // who waited while a fetch failed need not wait for the same again
            let tell = *at >= asked || kept && now.duration_since(*at) < BETWEEN_FAILURES;
            return !tell;
        }
        let missed = self.missed.is_some_and(|at| now.duration_since(at) < BETWEEN_MISSES);
        !self.is_fresh(now) || !kept && !missed
    }

    fn note(&mut self, fetched: Result<JwkSet, NoKeys>, id: &str, now: Instant) {
        match fetched {
            Ok(set) => {
                self.set = Some((set, now));
                self.failed = None;
                if self.key(id).is_none() {
                    self.missed = Some(now);
                }
            }
            Err(failure) => self.failed = Some((failure, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_is_asked_when_that_can_help() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        // fetched, missed, failed; whether the key is kept; asked at 10000; whether the tenant is asked then
        let rows: [(Option<u64>, Option<u64>, Option<u64>, bool, bool); 10] = [
            (None, None, None, false, true),
            (Some(9000), None, None, true, false),
            (Some(9000), None, None, false, true),
            (Some(9000), Some(9900), None, false, false),
            (Some(9000), Some(9500), None, false, true),
            (Some(1000), None, None, true, true),
            (Some(1000), Some(9900), None, false, true),
            (Some(1000), None, Some(9990), true, false),
            (Some(1000), None, Some(9900), true, true),
            (None, None, Some(9990), false, true),
        ];
        for (row, (fetched, missed, failed, key, wanted)) in rows.into_iter().enumerate() {
            let kept = Kept {
                set: fetched.map(|t| (JwkSet { keys: vec![] }, at(t))),
                missed: missed.map(at),
                failed: failed.map(|t| (NoKeys("silent".into()), at(t))),
            };
            assert_eq!(kept.is_worth_a_fetch(key, at(10_000), at(10_000)), wanted, "row {row}");
        }
    }

    #[test]
    fn who_waited_while_a_fetch_failed_is_told_so() {
        let start = Instant::now();
        let later = start + Duration::from_secs(20);
        let mut kept = Kept::default();
        kept.note(Err(NoKeys("silent".into())), "any", later);
        assert!(!kept.is_worth_a_fetch(false, start, later), "asked before it failed");
        assert!(kept.is_worth_a_fetch(false, later + Duration::from_secs(1), later + Duration::from_secs(1)));
        kept.note(Ok(JwkSet { keys: vec![] }), "any", later);
        assert!(kept.failed.is_none() && kept.missed.is_some());
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod over_the_wire;
