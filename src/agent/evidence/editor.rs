//! An editor is worked in: it is connected, and more comes in over the tunnel than a window sends that nobody touches.
//!
//! What the server's own processes move says nothing: the extension host of an untouched window reads all of `/proc` every
//! few seconds for ports to forward, and starts programs for it, which is a hundred times what a fast typist sends.

use std::collections::HashMap;

use procfs::process::FDTarget;

use super::presence::connections;
use super::processes::{Look, Process, Role};
use super::rate::{self, Rate};
use super::signal::{Reading, Signal};
use super::tcp::Tcp;

/// Bytes a second over half a minute, from which on somebody touches it. An untouched window sends some dozens every few
/// seconds on each of its two connections, and a key is a hundred and more, with the tunnel's own wrapping twice that.
const BYTES: f64 = 200.0;

/// The signal `editor`.
#[derive(Default)]
pub struct Editor {
    tcp: Tcp,
    before: HashMap<u64, u64>,
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
        let tunnels = look.processes()?.living().filter(|one| one.role == Role::Tunnel);
        // the inodes of its sockets
        let sockets = tunnels.flat_map(Process::open).filter_map(|file| match file {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        });
        let now = self.tcp.received(&sockets.collect())?;
        if now.is_empty() {
            return Err("the connections of the tunnel can not be read".into());
        }
        // what came in before on one that is new was not typed now
        let grown = |(id, now): (&u64, &u64)| now.saturating_sub(*self.before.get(id).unwrap_or(now));
        let used = now.iter().map(grown).fold(0, u64::saturating_add);
        self.before = now;
        let rate = self.rate.add(look.instant(), used);
        Ok(Some(Reading::now(look, rate >= BYTES, rate::bytes(rate))))
    }
}
