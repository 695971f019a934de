//! One step of the tour: look until it is seen, say what was seen and how long it took, or why not.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::child;
use crate::local::World;
use crate::running::Running;
use crate::show::{Progress, time};

/// What one look found.
pub enum Look {
    /// It is so; the words are shown.
    Seen(String),
    /// Not yet; this was there instead.
    NotYet(String),
    /// It will never be so.
    Never(String),
}

/// A tour under way.
pub struct Walk<'a> {
    pub running: &'a Running,
    pub world: &'a mut World,
    /// The member's token, once there is something to ask the status of.
    pub token: Option<String>,
    said: VecDeque<String>,
    failed: Option<Instant>,
}

/// How long a workspace may call itself failed before the tour gives up: some failures mend themselves.
const MENDING: Duration = Duration::from_secs(15);

impl Walk<'_> {
    pub fn new<'a>(running: &'a Running, world: &'a mut World) -> Walk<'a> {
        Walk { running, world, token: None, said: VecDeque::new(), failed: None }
    }

    /// Looks until it is seen, or `within` is over; shows what `status` says in the meantime, when that changes.
    pub fn see(
        &mut self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&Running) -> Result<Look>,
    ) -> Result<()> {
        let since = Instant::now();
        let mut progress = Progress::new(what, "");
        let mut instead;
        loop {
            if let Some(failure) = self.follow_status(&progress) {
                progress.clear();
                line("✗", since.elapsed(), what, "not seen");
                bail!("{what}: {failure}");
            }
            // A call that fails is not yet the end of it: the next look may succeed.
            match look(self.running).unwrap_or_else(|error| Look::NotYet(format!("{error:#}"))) {
                Look::Seen(words) => {
                    progress.clear();
                    line("✓", since.elapsed(), what, &words);
                    return Ok(());
                }
                Look::Never(words) => {
                    progress.clear();
                    line("✗", since.elapsed(), what, &words);
                    bail!("{what}: {words}");
                }
                Look::NotYet(words) => instead = words,
            }
            if let Some(status) = self.world.child.ended()? {
                bail!("{what}: the world ended {}", child::says(status));
            }
            if child::stopped() {
                bail!("stopped");
            }
            if since.elapsed() >= within {
                progress.clear();
                line("✗", since.elapsed(), what, "not seen");
                bail!("{what}: not seen within {}; seen instead: {instead}", time(within));
            }
            progress.at(&instead);
            child::pause(Duration::from_millis(100));
        }
    }

    /// Shows a new sentence of `status` once, as a member would ask for it; says so if it is the end of the road.
    fn follow_status(&mut self, progress: &Progress) -> Option<String> {
        let answer = self.running.ask(self.token.as_ref()?, "/api/status").ok()?;
        let status = answer.json();
        let (phase, says) = (status["phase"].as_str()?, status["says"].as_str()?);
        let words = format!("{phase}: {says}");
        if !self.said.contains(&words) {
            progress.aside(|| note(&words));
            self.said.push_back(words);
            // A sentence that comes back after others is worth showing again.
            if self.said.len() > 2 {
                self.said.pop_front();
            }
        }
        if phase != "failed" {
            self.failed = None;
            return None;
        }
        let since = *self.failed.get_or_insert_with(Instant::now);
        (since.elapsed() > MENDING).then(|| format!("{says} {}", status["next"].as_str().unwrap_or_default()))
    }
}

/// A result: sign, how long it took, what, and what was seen.
pub fn line(sign: &str, took: Duration, what: &str, words: &str) {
    println!("  {sign} {:>10}  {what:<16}{words}", time(took));
}

/// Something seen on the way.
pub fn note(words: &str) {
    println!("  {:>12}  {:<16}{words}", "", "·");
}
