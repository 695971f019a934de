//! The tenant's published keys: fetched when they are needed, kept for an hour.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backon::{ConstantBuilder, Retryable};
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use tokio::sync::RwLock;

/// Keys are looked at again after this, as the tenant may withdraw one.
const FRESH: Duration = Duration::from_secs(3600);

/// A key that we do not know may be new; a forger may name one a second. So not more often than this.
const BETWEEN_MISSES: Duration = Duration::from_secs(300);

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
}

#[derive(Default)]
struct Kept {
    set: Option<(JwkSet, Instant)>,
    missed: Option<Instant>,
}

impl Keys {
    #[must_use]
    pub fn new(url: String, client: reqwest::Client) -> Self {
        Self { url, client, kept: Arc::default() }
    }

    /// The key of that id, if the tenant has it.
    ///
    /// # Errors
    /// When the tenant does not answer and no keys are kept.
    pub async fn find(&self, id: &str) -> Result<Option<DecodingKey>, NoKeys> {
        if let Some(key) = self.kept.read().await.fresh(id) {
            return Ok(Some(key));
        }
        let mut kept = self.kept.write().await;
        if let Some(key) = kept.fresh(id) {
            return Ok(Some(key));
        }
        let now = Instant::now();
        if kept.is_fresh(now) && kept.missed.is_some_and(|at| now - at < BETWEEN_MISSES) {
            return Ok(None);
        }
        match self.fetch().await {
            Ok(set) => kept.set = Some((set, now)),
            // keys that were good an hour ago are better than to let nobody in
            Err(_) if kept.set.is_some() => {}
            Err(e) => return Err(NoKeys(e.to_string())),
        }
        let found = kept.key(id);
        if found.is_none() {
            kept.missed = Some(now);
        }
        Ok(found)
    }

    async fn fetch(&self) -> reqwest::Result<JwkSet> {
        let once = || async { self.client.get(&self.url).send().await?.error_for_status()?.json().await };
        once.retry(ConstantBuilder::new().with_delay(Duration::from_millis(300)).with_max_times(2)).await
    }
}

impl Kept {
    fn is_fresh(&self, now: Instant) -> bool {
        self.set.as_ref().is_some_and(|(_, at)| now - *at < FRESH)
    }

    fn fresh(&self, id: &str) -> Option<DecodingKey> {
        if self.is_fresh(Instant::now()) { self.key(id) } else { None }
    }

    fn key(&self, id: &str) -> Option<DecodingKey> {
        DecodingKey::from_jwk(self.set.as_ref()?.0.find(id)?).ok()
    }
}
