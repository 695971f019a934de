//! The only writer of the container's log: the workspace's output, our own words, and the agent's line between.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, interval_at, timeout};
use tokio_util::task::TaskTracker;

use super::hear::{Heard, hear};
use super::output::{self, Lines};
use super::pace::Throttle;
use crate::domain::activity::{Activity, Evidence};
use crate::domain::idleness::Wish;
use crate::domain::link::Link;
use crate::pod::{LINES_BETWEEN, Line};

const LINES_A_SECOND: u32 = 200;
/// Lines that wait for a log that does not take them; more are dropped.
const WAITING: usize = 256;
/// So many of these places are for our own words only.
const OURS_ONLY: usize = 32;
const LINE_EVERY: Duration = Duration::from_secs(60);
/// Use after so long a pause is worth a line of its own.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
const PIECE_BYTES: usize = 16 * 1024;

/// Speaks on the log; clones speak on the same one.
#[derive(Clone)]
pub struct Voice {
    words: mpsc::Sender<Word>,
    line: watch::Sender<Line>,
    shared: Arc<Mutex<Shared>>,
    /// The outputs that are passed on just now.
    passing: TaskTracker,
}

struct Shared {
    throttle: Throttle,
    secrets: Vec<String>,
    /// Any use that was not said is worth a line.
    hurry: bool,
    /// What the last line said.
    said: Activity,
}

enum Word {
    Text(String),
    Last,
}

impl Voice {
    /// A voice that writes to `out`, and the task that does it; it says `line` at once.
    pub fn start(line: Line, out: impl AsyncWrite + Unpin + Send + 'static) -> (Self, JoinHandle<()>) {
        let (words, heard) = mpsc::channel(WAITING);
        let (line, current) = watch::channel(line);
        let shared = Shared {
            throttle: Throttle::new(LINES_A_SECOND),
            secrets: Vec::new(),
            hurry: false,
            said: Activity::default(),
        };
        let shared = Arc::new(Mutex::new(shared));
        let writer = Writer { out, line: current, since_line: 0, shared: shared.clone() };
        (Self { words, line, shared, passing: TaskTracker::new() }, tokio::spawn(writer.write(heard)))
    }

    /// Never lets this text out.
    pub fn keep_secret(&self, secret: &str) {
        let mut shared = lock(&self.shared);
        if !secret.is_empty() && !shared.secrets.iter().any(|known| known == secret) {
            shared.secrets.push(secret.to_owned());
        }
    }

    /// Says a sentence of the agent's own to the people who read the log.
    pub fn say(&self, text: &str) {
        let text = format!("dcaas: {}", output::redact(text, &lock(&self.shared).secrets));
        if self.words.try_send(Word::Text(text)).is_err() {
            lock(&self.shared).throttle.lost();
        }
    }

    /// The link as it is now; the line says it when it changed.
    pub fn set_link(&self, link: &Link) {
        let mut link = link.clone();
        link.why = output::redact(&link.why, &lock(&self.shared).secrets);
        self.line.send_if_modified(|line| {
            let changed = line.link != link;
            line.link = link;
            changed
        });
    }

    /// The link as it was last said.
    pub fn link(&self) -> Link {
        self.line.borrow().link.clone()
    }

    /// What signals say now; none takes a signal away. The line says it in its minute, and at once where a signal
    /// begins to say something else, or sees use again after a pause; in a hurry, any use that it did not say.
    pub fn set_evidence(&self, says: impl IntoIterator<Item = (&'static str, Option<Evidence>)>) {
        let shared = lock(&self.shared);
        let unsaid = |name: &str, evidence: &Option<Evidence>| match (shared.said.signals.get(name), evidence)
        {
            (Some(Evidence::Seen { at: said, .. }), Some(Evidence::Seen { at, .. })) => at > said,
            _ => false,
        };
        self.line.send_if_modified(|line| {
            let mut tell = false;
            for (name, evidence) in says {
                tell |= shared.hurry && unsaid(name, &evidence);
                let before = match &evidence {
                    Some(evidence) => line.activity.signals.insert(name.to_owned(), evidence.clone()),
                    None => line.activity.signals.remove(name),
                };
                tell |= is_news(before.as_ref(), evidence.as_ref());
            }
            tell
        });
    }

    /// What somebody asked for inside; the line says it when it changed.
    pub fn set_hold(&self, hold: Option<Wish>) {
        self.line.send_if_modified(|line| std::mem::replace(&mut line.hold, hold) != hold);
    }

    /// Whether nothing more fits on the home disk; the line says it when it changed.
    pub fn set_full(&self, full: bool) {
        self.line.send_if_modified(|line| std::mem::replace(&mut line.full, full) != full);
    }

    /// Whether a stop is announced: whoever decides it needs evidence of now.
    pub fn hurry(&self, hurry: bool) {
        lock(&self.shared).hurry = hurry;
    }

    /// The line as it would be said now.
    pub fn line(&self) -> Line {
        Line { at: Utc::now(), ..self.line.borrow().clone() }
    }

    /// Passes a child's output on until it ends. If it is the tunnel's, what its lines mean goes to `heard`.
    pub async fn pass(self, mut from: impl AsyncRead + Unpin, heard: Option<mpsc::Sender<Heard>>) {
        let _passing = self.passing.token();
        let mut lines = Lines::default();
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            lines.feed(&piece[..length], |line, cut| self.pass_line(line, cut, heard.as_ref()));
        }
        lines.finish(|line, cut| self.pass_line(line, cut, heard.as_ref()));
    }

    /// Waits until all outputs have come to their end: what a process says last is in its pipe when it is gone.
    pub async fn hear_out(&self, within: Duration) {
        self.passing.close();
        let _ = timeout(within, self.passing.wait()).await;
    }

    /// Writes what is left and the line, and ends.
    pub async fn end(self, writer: JoinHandle<()>, within: Duration) {
        let _ = timeout(within, async {
            let _ = self.words.send(Word::Last).await;
            let _ = writer.await;
        })
        .await;
    }

    fn pass_line(&self, line: &[u8], cut: bool, heard: Option<&mpsc::Sender<Heard>>) {
        let meaning = heard.and_then(|_| hear(&String::from_utf8_lossy(line)));
        // the code of a sign-in that is not ours is nobody's business
        let private = meaning == Some(Heard::AsksToSignIn);
        if let (Some(meaning), Some(heard)) = (meaning, heard) {
            // full: the same was heard very often, and the status will tell
            let _ = heard.try_send(meaning);
        }
        let mut shared = lock(&self.shared);
        if private || !shared.throttle.admit(Instant::now()) {
            return;
        }
        if self.words.capacity() <= OURS_ONLY {
            return shared.throttle.lost();
        }
        let text = output::passed_on(line, cut, &shared.secrets);
        if self.words.try_send(Word::Text(text)).is_err() {
            shared.throttle.lost();
        }
    }
}

fn is_news(before: Option<&Evidence>, now: Option<&Evidence>) -> bool {
    match (before, now) {
        (Some(Evidence::Seen { at: before, .. }), Some(Evidence::Seen { at, .. })) => *at - *before > PAUSE,
        (Some(Evidence::Unknown { .. }), Some(Evidence::Unknown { .. })) => false,
        _ => before != now,
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer<W> {
    out: W,
    line: watch::Receiver<Line>,
    since_line: usize,
    shared: Arc<Mutex<Shared>>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    async fn write(mut self, mut words: mpsc::Receiver<Word>) {
        self.own_line().await;
        let mut again = interval_at(tokio::time::Instant::now() + LINE_EVERY, LINE_EVERY);
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.line.changed() => self.own_line().await,
                _ = again.tick() => self.own_line().await,
                _ = second.tick() => self.say_dropped().await,
                word = words.recv() => match word {
                    Some(Word::Text(text)) => self.text(&text).await,
                    Some(Word::Last) | None => break,
                },
            }
        }
        self.say_dropped().await;
        self.own_line().await;
    }

    async fn own_line(&mut self) {
        let mut line = self.line.borrow_and_update().clone();
        line.at = Utc::now();
        self.since_line = 0;
        lock(&self.shared).said = line.activity.clone();
        self.put(&line.render()).await;
    }

    async fn text(&mut self, text: &str) {
        self.put(text).await;
        self.since_line += 1;
        if self.since_line >= LINES_BETWEEN {
            self.own_line().await;
        }
    }

    async fn say_dropped(&mut self) {
        let dropped = lock(&self.shared).throttle.take_dropped();
        if dropped > 0 {
            self.text(&format!(
                "dcaas: {dropped} lines of output were dropped (more than {LINES_A_SECOND} a second)"
            ))
            .await;
        }
    }

    /// A log that is gone is nobody's loss; the workspace goes on.
    async fn put(&mut self, line: &str) {
        let _ = self.out.write_all(format!("{line}\n").as_bytes()).await;
        let _ = self.out.flush().await;
    }
}

#[cfg(test)]
mod tests;
