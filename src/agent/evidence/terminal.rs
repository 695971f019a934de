//! Terminals: somebody typed, or a command wrote. The kernel notes both in a terminal's times, to eight seconds.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::processes::Look;
use super::signal::{Reading, Signal};

/// The signal `terminal`.
pub struct Terminal;

impl Signal for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        let processes = look.processes()?;
        let open: HashSet<i32> = processes.living().filter_map(|process| process.terminal).collect();
        let used = open.iter().filter_map(|number| used(*number)).max();
        let value = match open.len() {
            0 => "none open".into(),
            1 => "1 open".into(),
            more => format!("{more} open"),
        };
        Ok(Some(Reading { used, value }))
    }
}

/// None for one that was closed meanwhile.
fn used(number: i32) -> Option<DateTime<Utc>> {
    let file = std::fs::metadata(format!("/dev/pts/{number}")).ok()?;
    // read from: somebody typed; written to: a command wrote
    file.accessed().ok().into_iter().chain(file.modified().ok()).max().map(DateTime::from)
}
