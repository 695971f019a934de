//! One line for each part that has come up, with its time.

use anyhow::Result;
use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// The clock of a start.
pub struct Progress(Instant);

impl Progress {
    /// Starts the clock.
    #[must_use]
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Awaits a part and tells that it is up.
    ///
    /// # Errors
    /// The part's own.
    pub async fn part<T>(&self, name: &str, part: impl Future<Output = Result<T>>) -> Result<T> {
        let begun = Instant::now();
        let made = part.await?;
        self.line(name, &format!("took {}", seconds(begun.elapsed())));
        Ok(made)
    }

    /// Tells that a part is up.
    pub fn say(&self, name: &str, what: &impl Display) {
        self.line(name, &what.to_string());
    }

    /// The last line.
    pub fn up(&self, name: &str) {
        self.line(&format!("world `{name}` is up"), "");
    }

    #[expect(clippy::print_stdout, reason = "people watch a world come up")]
    fn line(&self, name: &str, what: &str) {
        println!("{:>7}  {name:<22} {what}", seconds(self.0.elapsed()));
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
