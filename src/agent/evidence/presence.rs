//! An editor is connected, touched or not: the sockets of the VS Code server. Its processes say nothing, they wait for
//! hours for an editor that went away.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use procfs::net::{UnixNetEntries, UnixState};
use procfs::{FromBufRead, ProcResult};

use super::processes::Look;
use super::signal::{Reading, Signal};

/// Of more sockets than so many, a list takes the kernel milliseconds: it counts …
const MANY: usize = 4_000;
/// … for so many looks.
const LOOKS: u8 = 6;

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
        let list = File::open("/proc/net/unix").map_err(Into::into);
        let (connected, sockets) = list
            .and_then(|list| connected(BufReader::new(list), servers))
            .map_err(|error| format!("/proc/net/unix can not be read: {error}"))?;
        self.connections = connected;
        self.looks = if sockets > MANY { LOOKS } else { 1 };
        self.servers = servers.iter().map(|path| path.to_path_buf()).collect();
        Ok(self.connections)
    }
}

/// How many sockets of these servers are connected, and how many sockets there are. What ends in no server's path is not
/// parsed: of very many sockets that costs more time than the kernel takes to list them, and megabytes.
fn connected(mut list: impl BufRead, servers: &HashSet<&Path>) -> ProcResult<(usize, usize)> {
    let mut ours = Vec::new();
    list.read_until(b'\n', &mut ours)?;
    let (mut line, mut sockets) = (Vec::new(), 0);
    while list.read_until(b'\n', &mut line)? > 0 {
        sockets += 1;
        if servers.iter().any(|path| line.trim_ascii_end().ends_with(path.as_os_str().as_bytes())) {
            ours.extend_from_slice(&line);
        }
        line.clear();
    }
    let ours = UnixNetEntries::from_buf_read(&*ours)?;
    let is_one = |path: &Option<PathBuf>| path.as_deref().is_some_and(|path| servers.contains(path));
    // the one that listens is not connected
    let connected = ours.0.iter().filter(|one| one.state == UnixState::CONNECTED && is_one(&one.path));
    Ok((connected.count(), sockets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_connected_sockets_of_the_servers_count() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 20 /tmp/code-1\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 21 /tmp/code-1\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 22 /tmp/code-2\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 23 /other/tmp/code-1\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 24\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 25 @/tmp/code-1\n";
        let table =
            [(&["/tmp/code-1"][..], 1), (&["/tmp/code-1", "/tmp/code-2"], 2), (&["/tmp/code"], 0), (&[], 0)];
        for (servers, expected) in table {
            let servers = servers.iter().map(Path::new).collect();
            assert_eq!(connected(list.as_bytes(), &servers).unwrap(), (expected, 6), "{servers:?}");
        }
        let broken = "head\nnonsense /tmp/code-1\n".as_bytes();
        assert!(connected(broken, &HashSet::from([Path::new("/tmp/code-1")])).is_err());
    }

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
