//! Progress and results on the terminal: one calm line for each thing that takes time.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::child::{Group, says};

/// On a pipe: how often a line says that we are still at it.
const STILL_EVERY: Duration = Duration::from_secs(30);
/// What is done sooner is not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// Something that takes time: a spinner on a terminal, a line every 30 s elsewhere.
pub struct Progress {
    what: String,
    bar: Option<ProgressBar>,
    since: Instant,
    said: Instant,
    usually: String,
}

impl Progress {
    /// `usually`: how long it takes as a rule, in words; may be empty.
    pub fn new(what: &str, usually: &str) -> Progress {
        let usually = if usually.is_empty() { String::new() } else { format!(" (usually {usually})") };
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("  {spinner} {prefix} {elapsed:>4} {wide_msg:.dim}");
            let bar = ProgressBar::new_spinner();
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(format!("{what}{usually}"));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() && !usually.is_empty() {
            eprintln!("  … {what}{usually}");
        }
        Progress { what: what.to_owned(), bar, since: Instant::now(), said: Instant::now(), usually }
    }

    /// What it is at just now.
    pub fn at(&mut self, detail: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(detail.to_owned());
        } else if self.said.elapsed() >= STILL_EVERY {
            self.said = Instant::now();
            eprintln!("  … {} {}{}: {detail}", self.what, time(self.since.elapsed()), self.usually);
        }
    }

    /// Prints something without getting in the spinner's way.
    pub fn aside(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// It is done: says so if it took a while.
    pub fn done(self) {
        if self.since.elapsed() >= WORTH_A_LINE {
            self.clear();
            eprintln!("  ✓ {} {}", self.what, time(self.since.elapsed()));
        }
    }

    /// Takes the spinner away without a word.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Runs a build step: its output goes to `log`, its newest line beside the spinner, its end into the error.
pub fn step(what: &str, usually: &str, log: &Path, command: &mut Command) -> Result<()> {
    let mut progress = Progress::new(what, usually);
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = File::create(log).with_context(|| format!("can not write {}", log.display()))?;
    command.stdout(file.try_clone()?).stderr(Stdio::piped());
    let mut child = Group::start(command, what)?;
    let newest = Arc::new(Mutex::new(String::new()));
    let reader = child.errors().map(|pipe| {
        let newest = Arc::clone(&newest);
        std::thread::spawn(move || copy_lines(BufReader::new(pipe), file, &newest))
    });
    let status = child.wait(|| {
        let line = newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        progress.at(&line);
    })?;
    if let Some(reader) = reader {
        reader.join().ok();
    }
    if !status.success() {
        progress.clear();
        bail!("{what}: ended {}\n\n{}\n(all of it: {})", says(status), tail(log, 60), log.display());
    }
    progress.done();
    Ok(())
}

fn copy_lines(lines: impl BufRead, mut file: File, newest: &Mutex<String>) {
    use std::io::Write;
    for line in lines.lines().map_while(Result::ok) {
        writeln!(file, "{line}").ok();
        *newest.lock().unwrap_or_else(PoisonError::into_inner) = line.trim().to_owned();
    }
}

/// The last `count` lines of a file.
pub fn tail(path: &Path, count: usize) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    last_lines(&String::from_utf8_lossy(&bytes), count)
}

/// The last `count` lines of a text.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// A duration for people: `3.2 s`, `4 min 12 s`.
pub fn time(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f32()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
