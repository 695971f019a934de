//! The workspace's terminals: when each was used last, and words to their people that are nobody's use.

use std::collections::HashSet;
use std::fs::{File, FileTimes, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use nix::libc::{O_NOCTTY, O_NONBLOCK};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// So long after our words a terminal may still move because of them: a multiplexer shows in the terminal that it is
/// in what was written to those that it has.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

/// Numbers below /dev/pts.
pub type Numbers = HashSet<i32>;

/// The way to terminals; clones share it.
///
/// The kernel notes every write in a terminal's times, and these are how use is told. So they are put back after our
/// own words, and nobody reads them in between.
#[derive(Clone, Default)]
pub struct Terminals {
    moved_by_us: Arc<Mutex<()>>,
}

impl Terminals {
    /// When one of these was used last: it was typed in, or a command wrote; those that show others are typed in only. One
    /// that was closed meanwhile says nothing. Waits while words are being written, so it must not be called on a
    /// runtime's own thread.
    pub fn used(&self, open: &Numbers, showing: &Numbers) -> Option<DateTime<Utc>> {
        let _still = self.moved_by_us.blocking_lock();
        open.iter().filter_map(|number| used(*number, showing.contains(number))).max()
    }

    /// Writes a text to some of the open terminals. Returns those that need no other try: one that takes nothing now,
    /// because its buffer is full or ^S was typed, is not among them.
    pub async fn tell(&self, text: String, to: Numbers, open: Numbers) -> Numbers {
        let _moves = self.moved_by_us.lock().await;
        let writes = spawn_blocking(move || {
            let before: Vec<_> =
                open.into_iter().filter_map(|number| Some((number, written(number)?))).collect();
            let told = to.into_iter().map(|number| (number, tell_one(number, &text)));
            (before, told.collect::<Vec<_>>())
        });
        let Ok((before, told)) = writes.await else { return Numbers::new() };
        if told.iter().any(|(_, told)| *told == Told::Yes) {
            sleep(SETTLES_WITHIN).await;
            let _ = spawn_blocking(move || before.into_iter().for_each(put_back)).await;
        }
        told.into_iter().filter(|(_, told)| *told != Told::NotNow).map(|(number, _)| number).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    NotNow,
    Never,
}

fn path(number: i32) -> PathBuf {
    PathBuf::from(format!("/dev/pts/{number}"))
}

fn used(number: i32, shows_others: bool) -> Option<DateTime<Utc>> {
    let file = std::fs::metadata(path(number)).ok()?;
    // read from: somebody typed; written to: a command wrote
    let written = file.modified().ok().filter(|_| !shows_others);
    file.accessed().ok().into_iter().chain(written).max().map(DateTime::from)
}

fn written(number: i32) -> Option<SystemTime> {
    std::fs::metadata(path(number)).ok()?.modified().ok()
}

fn tell_one(number: i32, text: &str) -> Told {
    let Some(before) = written(number) else { return Told::Never };
    let opened = open(number).and_then(|file| {
        // what can not be put back is not moved
        file.set_times(FileTimes::new().set_modified(before))?;
        Ok(file)
    });
    let Ok(mut file) = opened else { return Told::Never };
    match file.write(text.as_bytes()) {
        Ok(1..) => Told::Yes,
        Ok(0) => Told::NotNow,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Told::NotNow,
        Err(_) => Told::Never,
    }
}

/// Never waits, and never becomes the agent's own terminal.
fn open(number: i32) -> std::io::Result<File> {
    OpenOptions::new().write(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(path(number))
}

/// The time of typing is another one, and stays as it is.
fn put_back((number, before): (i32, SystemTime)) {
    if written(number).is_some_and(|now| now > before)
        && let Ok(file) = open(number)
    {
        let _ = file.set_times(FileTimes::new().set_modified(before));
    }
}

#[cfg(test)]
mod tests;
