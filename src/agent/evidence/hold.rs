//! `dcaas keep` inside the workspace: a file of the agent's, which becomes the line's hold; and the line, for
//! `dcaas why`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::agent::voice::Voice;
use crate::domain::activity::Evidence;
use crate::domain::idleness::Wish;

/// The line is told as often as it may have changed, and a wish is soon known.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const FILE_BYTES: u64 = 100;
const HOLD: &str = "hold";
const LINE: &str = "line";

/// Reads the wish and writes the line, for ever.
pub async fn watch(voice: Voice, run: &Path) {
    let mut again = interval(LOOK_EVERY);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        again.tick().await;
        let (folder, line) = (run.to_owned(), voice.line());
        let wish = spawn_blocking(move || {
            // who can not read it is told so by `dcaas why`
            let _ = write(&folder.join(LINE), &line.render());
            read(&folder)
        });
        let Ok(wish) = wish.await else { return };
        let unknown = wish.as_ref().err().map(|why| Evidence::Unknown { why: why.clone() });
        voice.set_evidence([(HOLD, unknown)]);
        voice.set_hold(wish.ok().flatten().filter(|wish| wish.until > Utc::now()));
    }
}

/// What was asked for, if anything was.
pub fn read(run: &Path) -> Result<Option<Wish>, String> {
    let path = run.join(HOLD);
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(file) if file.is_file() && file.len() <= FILE_BYTES => {}
        _ => return Err(format!("{} is not what `dcaas keep` writes: remove it", path.display())),
    }
    let text =
        fs::read_to_string(&path).map_err(|error| format!("{} can not be read: {error}", path.display()))?;
    let times: Option<Vec<_>> =
        text.split_whitespace().map(|word| Some(DateTime::parse_from_rfc3339(word).ok()?.to_utc())).collect();
    match times.as_deref() {
        Some(&[until, asked]) => Ok(Some(Wish { until, asked })),
        _ => Err(format!("{} has no two times in it: ask again with `dcaas keep`", path.display())),
    }
}

/// Asks to be kept until then: two times, until when and when it was asked.
pub fn ask(run: &Path, wish: Wish) -> io::Result<()> {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    write(&run.join(HOLD), &format!("{} {}", text(wish.until), text(wish.asked)))
}

/// Asks no more.
pub fn ask_no_more(run: &Path) -> io::Result<()> {
    match fs::remove_file(run.join(HOLD)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The agent's newest line.
pub fn line(run: &Path) -> io::Result<String> {
    fs::read_to_string(run.join(LINE))
}

/// Whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = PathBuf::from(format!("{}.{}", path.display(), std::process::id()));
    fs::write(&new, text)?;
    fs::rename(&new, path)
}
