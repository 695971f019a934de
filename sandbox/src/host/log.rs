//! The host's log: lines with time, level and category, in a file and, the newest of them, in memory.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use chrono::{SecondsFormat, Utc};

/// So many lines can be asked for again; the file has them all.
const KEPT: usize = 5_000;

/// How bad a line is, in the host's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Information,
    Warning,
    Error,
}

/// The log of one host; cloning it shares it.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Lines>>);

struct Lines {
    file: File,
    newest: VecDeque<String>,
}

impl Log {
    /// Appends to `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("the host's log {} can not be written", path.display()))?;
        Ok(Self(Arc::new(Mutex::new(Lines { file, newest: VecDeque::new() }))))
    }

    /// Writes one entry; a text of several lines stays one entry.
    pub fn write(&self, level: Level, category: &str, text: &str) {
        let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let line = format!("{time} [{level:?}] {category}: {text}\n");
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // a full disk must not end the host; the newest lines stay in memory
        let _ = lines.file.write_all(line.as_bytes());
        if lines.newest.len() == KEPT {
            lines.newest.pop_front();
        }
        lines.newest.push_back(line);
    }

    /// The newest `n` entries, oldest first.
    pub fn tail(&self, n: usize) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.newest.iter().skip(lines.newest.len().saturating_sub(n)).map(String::as_str).collect()
    }
}

/// The category of what the executable prints (SOURCES 1.5).
pub const CONSOLE: &str = "Host.Function.Console";

/// What a line of the executable's counts as; `stderr_is_errors` is `useStdErrorStreamForErrorsOnly` (SOURCES 1.5).
pub fn console_level(line: &str, stderr: bool, stderr_is_errors: bool) -> Level {
    let lower = line.to_lowercase();
    match (stderr, stderr_is_errors) {
        (false, _) => Level::Information,
        (true, _) if lower.contains("warn") => Level::Warning,
        (true, true) => Level::Error,
        (true, false)
            if ["error", "fail", "severe", "unhandled exception"].iter().any(|word| lower.contains(word)) =>
        {
            Level::Error
        }
        (true, false) => Level::Information,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("log")).unwrap();
        for n in 0..3 {
            log.write(Level::Information, "c", &n.to_string());
        }
        let tail = log.tail(2);
        assert_eq!(tail.lines().map(|line| line.rsplit(' ').next().unwrap()).collect::<Vec<_>>(), ["1", "2"]);
        assert!(tail.contains(" [Information] c: "));
    }

    #[test]
    fn stderr_is_an_error_unless_it_warns() {
        for (line, stderr, only_errors, level) in [
            ("error", false, true, Level::Information),
            ("hello", true, true, Level::Error),
            ("WARNing: x", true, true, Level::Warning),
            ("hello", true, false, Level::Information),
            ("it failed", true, false, Level::Error),
        ] {
            assert_eq!(console_level(line, stderr, only_errors), level, "{line}");
        }
    }
}
