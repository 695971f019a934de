//! One at a time: work that is the same for all who ask is done once for everybody who waits.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Mutex;

/// Nobody waits longer than this for their turn: with the work itself it stays below what the host allows.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets one ask at a time. Who waits meanwhile shares the next one, which looks at everything that they know of.
#[derive(Default)]
pub struct Flight {
    begun: AtomicU64,
    newest: Mutex<Ended>,
}

/// The newest that came to an end.
#[derive(Default)]
struct Ended {
    number: u64,
    well: bool,
}

/// What somebody's asking came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Flown<T, E> {
    Own(Result<T, E>),
    /// Another did the work, and began after this one had asked.
    Shared {
        well: bool,
    },
    /// It was not their turn in time.
    Busy,
}

impl Flight {
    /// Does the work, unless somebody does it who began later.
    pub async fn fly<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Flown<T, E> {
        let before = self.begun.load(Ordering::Acquire);
        let Ok(mut newest) = tokio::time::timeout(PATIENCE, self.newest.lock()).await else {
            return Flown::Busy;
        };
        if newest.number > before {
            return Flown::Shared { well: newest.well };
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let done = work.await;
        *newest = Ended { number, well: done.is_ok() };
        Flown::Own(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn work(seconds: u64, done: Result<u64, u64>) -> Result<u64, u64> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        done
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_shares_the_one_that_begins_after_they_came() {
        for (done, well) in [(Ok(2), true), (Err(2), false)] {
            let flight = Flight::default();
            let late = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                tokio::join!(
                    flight.fly(work(5, done)),
                    flight.fly(work(5, Ok(3))),
                    flight.fly(work(5, Ok(4)))
                )
            };
            let (first, (second, third, fourth)) = tokio::join!(flight.fly(work(5, Ok(1))), late);
            assert_eq!((first, second), (Flown::Own(Ok(1)), Flown::Own(done)));
            assert_eq!((third, fourth), (Flown::Shared { well }, Flown::Shared { well }));
            assert_eq!(flight.fly(work(5, Ok(5))).await, Flown::Own(Ok(5)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_and_one_that_is_given_up_is_no_end() {
        let flight = Flight::default();
        let (_, busy) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(100), flight.fly(work(200, Ok(1)))),
            flight.fly(work(1, Ok(2)))
        );
        assert_eq!(busy, Flown::Busy);
        assert_eq!(flight.fly(work(1, Ok(3))).await, Flown::Own(Ok(3)));
    }
}
