//! Terminals: somebody typed, or a command wrote. The kernel notes both in a terminal's times, to eight seconds. Where a
//! multiplexer shows other terminals, only typing counts: what commands write stands in those, and its own clock is no use.

use super::processes::Look;
use super::signal::{Reading, Signal};
use crate::agent::terminals::{Numbers, Terminals};

/// The signal `terminal`.
pub struct Terminal(pub Terminals);

impl Signal for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        let open = open(look)?;
        let shows = look.processes()?.living().filter(|process| process.multiplexer);
        let used = self.0.used(&open, &shows.filter_map(|process| process.terminal).collect());
        let value = match open.len() {
            0 => "none open".into(),
            1 => "1 open".into(),
            more => format!("{more} open"),
        };
        Ok(Some(Reading { used, value }))
    }
}

/// Those that processes of the workspace live in.
pub fn open(look: &Look) -> Result<Numbers, String> {
    Ok(look.processes()?.living().filter_map(|process| process.terminal).collect())
}
