//! Workspaces' tunnels on this machine, and the person at their other end: an editor that is opened, typed in and
//! closed, and commands inside.

use crate::world::remains;
use anyhow::{Context, Result, bail};
use nix::sched::{CloneFlags, setns};
use serde_json::Value;
use std::{
    fs,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream as StdStream},
    },
    path::Path,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

/// The way to one tunnel's other end.
pub struct Tunnel {
    stream: UnixStream,
}

impl Tunnel {
    /// Of that name, if it runs in this world, by the stand-in of the CLI.
    ///
    /// # Errors
    /// When there is none, or a real CLI runs it.
    pub fn find(name: &str) -> Result<Self> {
        let processes = remains::descendants(std::process::id());
        let runs = processes.iter().find(|process| carries(&process.command, name));
        let pid = runs.with_context(|| format!("no tunnel `{name}` runs in this world"))?.pid;
        let reach = || -> Result<UnixStream> {
            let variables = fs::read(format!("/proc/{pid}/environ"))?;
            let variables = String::from_utf8_lossy(&variables);
            let folder = variables.split('\0').find_map(|one| one.strip_prefix("VSCODE_CLI_DATA_DIR="));
            // as it sees its files, also where it lives in a container
            let root = Path::new("/proc").join(pid.to_string()).join("root");
            let folder = folder.context("it has no data folder")?.trim_start_matches('/');
            let door = fs::read_to_string(root.join(folder).join("door"))?;
            let stream = connect(pid, &SocketAddr::from_abstract_name(door)?)?;
            stream.set_nonblocking(true)?;
            Ok(UnixStream::from_std(stream)?)
        };
        Ok(Self { stream: reach().context("the tunnel is not at its relay yet")? })
    }

    /// Does something there, and says what came of it.
    ///
    /// # Errors
    /// When it is refused, or the tunnel ends meanwhile.
    pub async fn ask(self, wish: &Value) -> Result<Value> {
        let (from, mut to) = self.stream.into_split();
        to.write_all(format!("{wish}\n").as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(from).read_line(&mut line).await?;
        let answer: Value = serde_json::from_str(&line).context("the tunnel has ended")?;
        match answer["error"].as_str() {
            Some(why) => bail!("{why}"),
            None => Ok(answer),
        }
    }
}

/// Connects to a name that counts in the network of that process: a pod has one of its own.
fn connect(pid: i32, address: &SocketAddr) -> Result<StdStream> {
    let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net"));
    if network("self")? == network(&pid.to_string())? {
        return Ok(StdStream::connect_addr(address)?);
    }
    let theirs = fs::File::open(format!("/proc/{pid}/ns/net"))?;
    // only the thread goes there, and ends
    let connected = std::thread::scope(|scope| {
        scope
            .spawn(|| -> Result<StdStream> {
                setns(theirs, CloneFlags::CLONE_NEWNET)?;
                Ok(StdStream::connect_addr(address)?)
            })
            .join()
    });
    connected.unwrap_or_else(|_| bail!("the thread that connects has failed"))
}

/// Whether a command line is that tunnel's.
fn carries(command: &str, name: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    words.contains(&"tunnel") && words.windows(2).any(|pair| pair == ["--name", name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_is_known_by_its_command_line() {
        for (command, found) in [
            ("/p/bin/code tunnel --accept-server-license-terms --name dc-1", true),
            ("/p/bin/code tunnel --name dc-12", false),
            ("/p/bin/dcaas agent --tunnel dc-1 --session s", false),
            ("grep --name dc-1", false),
            ("", false),
        ] {
            assert_eq!(carries(command, "dc-1"), found, "{command}");
        }
        let error = Tunnel::find("dc-nobody").map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "no tunnel `dc-nobody` runs in this world");
    }
}
