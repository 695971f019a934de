//! One look at the processes of the workspace, and what each of them is.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use procfs::process::{FDTarget, Process as Proc};

use super::growth::Id;
use super::presence::Counted;
use super::stats::Stats;
use crate::pod;

/// The command line is read so often: between fork and exec a process still shows its parent's.
const READ_COMMAND: u8 = 3;

/// What a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The workspace's own: what somebody runs.
    Work,
    /// The VS Code CLI that the agent started.
    Tunnel,
    /// The VS Code server, and where it listens.
    Server(PathBuf),
    /// Where an editor's extensions run; it stays for hours when its editor went without a goodbye.
    ExtensionHost,
    /// The server's watcher of files and its keeper of terminals.
    Part,
}

/// A process of the workspace, or one that ended and that nobody has waited for.
#[derive(Debug, Clone)]
pub struct Process {
    pub id: Id,
    pub parent: i32,
    pub role: Role,
    pub alive: bool,
    /// The terminal that it belongs to, if it is one of /dev/pts.
    pub terminal: Option<i32>,
    /// Whether it only shows there what is written in other terminals, and a clock.
    pub multiplexer: bool,
    /// Processor time, with that of the children that it waited for, in the kernel's ticks.
    pub ticks: u64,
}

impl Process {
    /// What it has open; nothing of another user's, where the agent is not root, and of one that ended.
    pub fn open(&self) -> impl Iterator<Item = FDTarget> {
        let files = Proc::new(self.id.0).and_then(|process| process.fd());
        files.into_iter().flatten().filter_map(|file| Some(file.ok()?.target))
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    pub all: Vec<Process>,
    /// What the agent waited for, in ticks.
    pub waited_for: u64,
    /// The agent's own number.
    pub agent: i32,
}

/// One look: when, and what was there.
#[derive(Default)]
pub struct Look {
    pub at: DateTime<Utc>,
    since: Option<Instant>,
    processes: OnceCell<Result<Processes, String>>,
    /// What was found out before about processes that are still there, and how often.
    roles: std::cell::RefCell<HashMap<Id, (Role, u8)>>,
    stats: std::cell::RefCell<Stats>,
    /// What was counted of the servers' sockets.
    pub connections: std::cell::RefCell<Counted>,
}

impl Look {
    /// Looks again; whatever is asked for is read when it is asked for.
    pub fn renew(&mut self, at: DateTime<Utc>) {
        (self.at, self.since) = (at, Some(Instant::now()));
        self.processes.take();
        self.connections.get_mut().renew();
    }

    /// When, on the clock that never jumps.
    pub fn instant(&self) -> Instant {
        self.since.unwrap_or_else(Instant::now)
    }

    /// The workspace's processes: those below the agent, and all where the agent is the first process of all.
    pub fn processes(&self) -> Result<&Processes, String> {
        self.processes.get_or_init(|| self.read()).as_ref().map_err(Clone::clone)
    }

    fn read(&self) -> Result<Processes, String> {
        let agent = i32::try_from(std::process::id()).unwrap_or_default();
        let mut seen = self.stats.borrow_mut().look()?;
        let own = seen.iter().position(|one| one.pid == agent).map(|index| seen.swap_remove(index));
        let own = own.ok_or("/proc does not show the agent itself")?;
        let mut known = HashSet::from([agent]);
        let mut found = Vec::new();
        while !seen.is_empty() {
            let (children, others): (Vec<_>, Vec<_>) =
                seen.into_iter().partition(|one| agent == 1 || known.contains(&one.parent));
            seen = others;
            if children.is_empty() {
                break;
            }
            known.extend(children.iter().map(|one| one.pid));
            found.extend(children);
        }
        let mut roles = HashMap::new();
        let mut before = self.roles.borrow_mut();
        let all = found.into_iter().map(|one| {
            let id = (one.pid, one.started);
            let (role, looks) = match before.remove(&id) {
                Some((role, looks)) if looks >= READ_COMMAND => (role, looks),
                Some((_, looks)) => (role_of(one.pid, one.parent == agent), looks + 1),
                None => (role_of(one.pid, one.parent == agent), 1),
            };
            roles.insert(id, (role.clone(), looks));
            Process {
                id,
                parent: one.parent,
                role,
                alive: one.alive,
                terminal: one.terminal.filter(|_| one.terminal != own.terminal),
                multiplexer: one.multiplexer,
                ticks: one.used + one.waited_for,
            }
        });
        let all = all.collect();
        *before = roles;
        Ok(Processes { all, waited_for: own.waited_for, agent })
    }
}

impl Processes {
    /// Those that somebody runs, and that live.
    pub fn work(&self) -> impl Iterator<Item = &Process> {
        self.living().filter(|process| process.role == Role::Work)
    }

    /// Those that live.
    pub fn living(&self) -> impl Iterator<Item = &Process> {
        self.all.iter().filter(|process| process.alive)
    }

    /// Where VS Code servers listen.
    pub fn servers(&self) -> HashSet<&Path> {
        let sockets = self.living().filter_map(|process| match &process.role {
            Role::Server(socket) => Some(socket.as_path()),
            _ => None,
        });
        sockets.collect()
    }
}

fn role_of(pid: i32, child_of_the_agent: bool) -> Role {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&line);
    role(&words.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>(), child_of_the_agent)
}

/// What a command line says. The CLI counts only where the agent started it: in a terminal it is somebody's own.
fn role(command: &[String], child_of_the_agent: bool) -> Role {
    let is_cli = |word: &String| Path::new(word).ends_with(pod::CODE);
    let has = |wanted: &str| command.iter().any(|word| word == wanted);
    if child_of_the_agent && command.iter().take(2).any(is_cli) && has("tunnel") {
        return Role::Tunnel;
    }
    let socket = command.iter().find_map(|word| word.strip_prefix("--socket-path="));
    match socket {
        Some(socket) if has("--start-server") => return Role::Server(socket.into()),
        _ => {}
    }
    if command.iter().any(|word| word.ends_with("bootstrap-fork")) {
        if has("--type=extensionHost") {
            return Role::ExtensionHost;
        }
        if has("--type=fileWatcher") || has("--type=ptyHost") {
            return Role::Part;
        }
    }
    Role::Work
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_says_what_a_process_is() {
        let node = "/run/dcaas/cli/servers/Stable-0/server/node /s/out/bootstrap-fork";
        let server = "/s/node /s/out/server-main.js --start-server --enable-remote-auto-shutdown --socket-path=/tmp/code-1";
        let table = [
            ("/opt/dcaas/bin/code tunnel --name dc-1", true, Role::Tunnel),
            ("/bin/sh /tmp/platform/bin/code tunnel --name dc-1", true, Role::Tunnel),
            ("/opt/dcaas/bin/code tunnel status", false, Role::Work),
            ("/usr/bin/code .", true, Role::Work),
            (server, false, Role::Server("/tmp/code-1".into())),
            (
                "sh /s/bin/code-server --start-server --socket-path=/tmp/code-1",
                false,
                Role::Server("/tmp/code-1".into()),
            ),
            ("mysqld --socket-path=/tmp/code-1", false, Role::Work),
            (&format!("{node} --type=extensionHost --transformURIs"), false, Role::ExtensionHost),
            (&format!("{node} --type=fileWatcher"), false, Role::Part),
            (&format!("{node} --type=ptyHost --logsLevel"), false, Role::Part),
            ("python train.py --type=extensionHost", false, Role::Work),
            ("", false, Role::Work),
        ];
        for (line, child, expected) in table {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(role(&words, child), expected, "{line}");
        }
    }
}
