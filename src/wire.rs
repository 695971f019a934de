//! What the wires to all parties have in common: tries within bounds, answers of a bounded size, failures on one line.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use http::{HeaderMap, header::RETRY_AFTER};

/// Whether the same request may help later, as its error tells.
pub trait Again {
    /// Sent again, it may be answered.
    fn again(&self) -> bool;
    /// The party asked for so long a pause.
    fn wait(&self) -> Option<Duration>;
}

/// How often a request is tried, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The pause after the first try; it doubles from try to try.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// All tries together, and the pauses between them.
    pub patience: Duration,
}

/// Tries again after the first try, at most.
const TRIES: usize = 5;

impl Bounds {
    /// Tries until it is done, or to no avail; `None` when patience is over.
    pub async fn tried<T, E: Again, F: Future<Output = Result<T, E>>>(
        self,
        once: impl FnMut() -> F,
    ) -> Option<Result<T, E>> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(TRIES)
            .with_jitter();
        let tries = once
            .retry(pauses)
            .when(Again::again)
            .adjust(|e, planned| planned.map(|pause| pause.max(e.wait().unwrap_or_default())));
        tokio::time::timeout(self.patience, tries).await.ok()
    }
}

/// The seconds that an answer asks to wait for. A date there is passed over: none of our parties sends one.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Why an answer was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error("{0}")]
    Broken(String),
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
}

/// An answer's body, of at most so many bytes.
///
/// # Errors
/// When the connection breaks, or there is more.
pub async fn read(mut answer: reqwest::Response, largest: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| Unread::Broken(told(e)))? {
        if body.len() + chunk.len() > largest {
            return Err(Unread::TooLarge(largest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An error with its causes, on one line, without the address, which may hold what nobody should read.
#[must_use]
pub fn told(error: reqwest::Error) -> String {
    chain(&error.without_url())
}

/// An error with its causes, on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    struct Failure {
        again: bool,
        wait: Option<u64>,
    }

    impl Again for Failure {
        fn again(&self) -> bool {
            self.again
        }
        fn wait(&self) -> Option<Duration> {
            self.wait.map(Duration::from_secs)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_end_when_they_can_not_help_or_patience_is_over() {
        let bounds = Bounds {
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            patience: Duration::from_secs(30),
        };
        // fails so often, may be sent again, asks for a pause of so many seconds; tries, whether it was done in the end
        let rows = [
            (0, true, None, 1, Some(true)),
            (2, true, None, 3, Some(true)),
            (9, true, None, 6, Some(false)),
            (9, false, None, 1, Some(false)),
            (2, true, Some(4), 3, Some(true)),
            (9, true, Some(20), 2, None),
        ];
        for (row, (fails, again, wait, tries, done)) in rows.into_iter().enumerate() {
            let (mut made, began) = (0, Instant::now());
            let ended = bounds
                .tried(|| {
                    made += 1;
                    std::future::ready(if made > fails { Ok(()) } else { Err(Failure { again, wait }) })
                })
                .await;
            assert_eq!((made, ended.map(|end| end.is_ok())), (tries, done), "row {row}");
            let pauses = u32::try_from(tries - 1).unwrap_or_default();
            let asked = Duration::from_secs(wait.unwrap_or_default()) * pauses;
            assert!(began.elapsed() >= asked.min(bounds.patience), "row {row}");
        }
    }

    #[test]
    fn a_wait_is_a_number_of_seconds() {
        for (text, seconds) in [("3", Some(3)), (" 10 ", Some(10)), ("soon", None), ("-1", None), ("", None)]
        {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
