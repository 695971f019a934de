//! An editor is worked in: it is connected, and the server moves more than it does for a window that nobody touches.

use std::collections::HashMap;

use super::growth::Id;
use super::io;
use super::presence::connections;
use super::processes::{Look, Role};
use super::rate::{self, Rate};
use super::signal::{Reading, Signal};

/// Bytes a second over half a minute, from which on somebody touches it. An untouched window's keep-alives are some
/// dozens of bytes every few seconds.
const BYTES: f64 = 1_000.0;

/// The signal `editor`.
#[derive(Default)]
pub struct Editor {
    before: HashMap<Id, u64>,
    rate: Rate,
}

impl Signal for Editor {
    fn name(&self) -> &'static str {
        "editor"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        if connections(look)? == 0 {
            *self = Self::default();
            return Ok(Some(Reading::now(look, false, "no editor".into())));
        }
        // the server has the window's files and terminals, the extension host what is typed
        let speaks = |role: &Role| matches!(role, Role::Server(_) | Role::ExtensionHost);
        let speakers: Vec<_> = look.processes()?.living().filter(|one| speaks(&one.role)).collect();
        let now: HashMap<Id, u64> =
            speakers.iter().filter_map(|one| Some((one.id, io::moved(one)?))).collect();
        if now.is_empty() {
            return Err("the counters of the VS Code server can not be read".into());
        }
        // what a new one read to begin with was not typed
        let grown = |(id, now): (&Id, &u64)| now.saturating_sub(*self.before.get(id).unwrap_or(now));
        let used = now.iter().map(grown).fold(0, u64::saturating_add);
        self.before = now;
        let rate = self.rate.add(look.instant(), used);
        Ok(Some(Reading::now(look, rate >= BYTES, rate::bytes(rate))))
    }
}
