//! An editor is connected, touched or not: the sockets of the VS Code server. Its processes say nothing, they wait for
//! hours for an editor that went away.

use procfs::net::{UnixState, unix};

use super::processes::Look;
use super::signal::{Reading, Signal};

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
    let sockets = unix().map_err(|error| format!("/proc/net/unix can not be read: {error}"))?;
    let ours = |path: &Option<std::path::PathBuf>| path.as_deref().is_some_and(|path| servers.contains(path));
    // the one that listens is not connected
    Ok(sockets.iter().filter(|one| one.state == UnixState::CONNECTED && ours(&one.path)).count())
}
