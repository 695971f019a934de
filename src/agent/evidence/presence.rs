//! An editor is connected, touched or not: the sockets of the VS Code server. Its processes say nothing, they wait for
//! hours for an editor that went away.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use procfs::net::{UnixState, unix};

use super::processes::Look;
use super::signal::{Reading, Signal};

/// Of more sockets than so many, a list takes the kernel milliseconds: it counts …
const MANY: usize = 4_000;
/// … for so many looks.
const LOOKS: u8 = 3;

/// The signal `presence`.
pub struct Presence;

impl Signal for Presence {
    fn name(&self) -> &'static str {
        "presence"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        let connections = connections(look)?;
        let value = match connections {
            0 => "no editor".into(),
            1 => "1 connection".into(),
            more => format!("{more} connections"),
        };
        Ok(Some(Reading::now(look, connections > 0, value)))
    }
}

/// How many connections the workspace's VS Code servers have. An editor makes several.
pub fn connections(look: &Look) -> Result<usize, String> {
    let servers = look.processes()?.servers();
    if servers.is_empty() {
        return Ok(0);
    }
    look.connections.borrow_mut().count(&servers)
}

/// What was counted last, for how many looks it still counts, and of which servers.
#[derive(Default)]
pub struct Counted {
    connections: usize,
    looks: u8,
    servers: HashSet<PathBuf>,
}

impl Counted {
    /// A new look begins.
    pub fn renew(&mut self) {
        self.looks = self.looks.saturating_sub(1);
    }

    fn count(&mut self, servers: &HashSet<&Path>) -> Result<usize, String> {
        let same =
            self.servers.len() == servers.len() && self.servers.iter().all(|one| servers.contains(&**one));
        if self.looks > 0 && same {
            return Ok(self.connections);
        }
        let sockets = unix().map_err(|error| format!("/proc/net/unix can not be read: {error}"))?;
        let ours = |path: &Option<PathBuf>| path.as_deref().is_some_and(|path| servers.contains(path));
        // the one that listens is not connected
        self.connections =
            sockets.iter().filter(|one| one.state == UnixState::CONNECTED && ours(&one.path)).count();
        self.looks = if sockets.len() > MANY { LOOKS } else { 1 };
        self.servers = servers.iter().map(|path| path.to_path_buf()).collect();
        Ok(self.connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_among_very_many_counts_for_some_looks_and_for_the_same_servers() {
        let (one, other) =
            (HashSet::from([Path::new("/nowhere/1")]), HashSet::from([Path::new("/nowhere/2")]));
        let counted = || Counted { connections: 7, looks: 2, servers: [PathBuf::from("/nowhere/1")].into() };
        let mut same = counted();
        assert_eq!(same.count(&one), Ok(7));
        same.renew();
        assert_eq!(same.count(&one), Ok(7));
        same.renew();
        assert_eq!(same.count(&one), Ok(0), "counted anew");
        assert_eq!(counted().count(&other), Ok(0), "another server");
    }
}
