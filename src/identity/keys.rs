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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A tenant that publishes whichever keys the test says, and remembers how often it was asked.
    async fn tenant(published: Arc<Mutex<(Vec<&'static str>, usize)>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let _ = socket.read(&mut [0; 4096]).await;
                let body = {
                    let mut published = published.lock().unwrap();
                    published.1 += 1;
                    let key = |id: &&str| {
                        format!(r#"{{"kty":"RSA","use":"sig","kid":"{id}","n":"AQAB","e":"AQAB"}}"#)
                    };
                    let keys: Vec<_> = published.0.iter().map(key).collect();
                    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
                };
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}/keys")
    }

    #[tokio::test]
    async fn a_new_key_is_fetched_a_dropped_one_forgotten_and_a_forgers_asked_for_once() {
        // whichever test comes first installs it; the others find it there
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let published = Arc::new(Mutex::new((vec!["a"], 0)));
        let keys = Keys::new(tenant(published.clone()).await, reqwest::Client::new());
        // what the tenant publishes, which key is asked for, whether it is found, how often the tenant was asked
        let rows: [(&[&str], &str, bool, usize); 8] = [
            (&["a"], "a", true, 1),
            (&["a"], "a", true, 1),
            (&["b", "a"], "a", true, 1),
            (&["b", "a"], "b", true, 2),
            (&["c", "b"], "c", true, 3),
            (&["c", "b"], "a", false, 4), // dropped: the set that brought c has it no more
            (&["c", "b"], "x", false, 4), // and after one miss nobody is asked for a while
            (&["c", "b"], "b", true, 4),
        ];
        for (now, id, found, asked) in rows {
            published.lock().unwrap().0 = now.to_vec();
            assert_eq!(keys.find(id).await.unwrap().is_some(), found, "{id} of {now:?}");
            assert_eq!(published.lock().unwrap().1, asked, "{id} of {now:?}");
        }
    }
}
