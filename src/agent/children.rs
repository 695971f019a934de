//! The processes below the agent: its own children, and those that it adopts as the first process.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::process::Output;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, timeout};

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Knows which processes are the agent's own, so that only the others are reaped here.
#[derive(Clone, Default)]
pub struct Children {
    own: Arc<Mutex<HashSet<i32>>>,
}

/// A child whose status is awaited by whoever holds this.
pub struct Own {
    child: Child,
    pid: i32,
    own: Arc<Mutex<HashSet<i32>>>,
}

impl Children {
    /// Adopts what loses its parent, also where the agent is not process 1.
    pub fn adopt_orphans() -> std::io::Result<()> {
        Ok(prctl::set_child_subreaper(true)?)
    }

    /// Starts a child. It is known as ours before anybody can reap it.
    pub fn spawn(&self, command: &mut Command) -> std::io::Result<Own> {
        let mut own = lock(&self.own);
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        own.insert(pid);
        Ok(Own { child, pid, own: self.own.clone() })
    }

    /// Runs a short child to its end, or kills it.
    pub async fn output(&self, command: &mut Command, within: Duration) -> Result<Output, String> {
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).kill_on_drop(true);
        let name = command.as_std().get_program().display().to_string();
        let mut own = self.spawn(command).map_err(|error| format!("`{name}` can not be started: {error}"))?;
        let ended = timeout(within, collect(&mut own)).await;
        match ended {
            Ok(output) => output.map_err(|error| format!("`{name}` can not be read: {error}")),
            Err(_) => {
                let _ = own.kill().await;
                Err(format!("`{name}` gave no answer within {} s", within.as_secs()))
            }
        }
    }

    /// Reaps for ever what was adopted.
    pub async fn reap(self) {
        let Ok(mut changed) = signal(SignalKind::child()) else {
            return;
        };
        loop {
            let again = if self.reap_adopted() { LOOK_EVERY } else { Duration::from_secs(60) };
            let _ = timeout(again, changed.recv()).await;
        }
    }

    /// True if a child of our own stands before others; whoever awaits it takes it away soon.
    fn reap_adopted(&self) -> bool {
        let own = lock(&self.own);
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        loop {
            match waitid(Id::All, peek).map(|status| status.pid()) {
                Ok(Some(pid)) if own.contains(&pid.as_raw()) => return true,
                Ok(Some(pid)) => {
                    let _: Result<WaitStatus, Errno> = waitpid(pid, Some(WaitPidFlag::WNOHANG));
                }
                Err(Errno::EINTR) => {}
                Ok(None) | Err(_) => return false,
            }
        }
    }

    /// Tells the workspace's processes to end, once; our own children are ended by those who hold them.
    pub fn tell_to_end(&self) {
        let own = lock(&self.own);
        for process in below().iter().filter(|process| !own.contains(&process.pid)) {
            send(process.pid, Signal::SIGTERM);
        }
    }

    /// Waits until the workspace's processes are gone, and kills what is left then. Open shells are not waited
    /// for: they do not heed SIGTERM. Returns how many were killed at work.
    pub async fn end_all(deadline: Instant) -> usize {
        loop {
            let left = below();
            let working = left.iter().filter(|process| !process.shell).count();
            if working == 0 || Instant::now() >= deadline {
                left.iter().for_each(|process| send(process.pid, Signal::SIGKILL));
                return working;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

impl Own {
    /// Tells it to end, once.
    pub fn terminate(&self) {
        send(self.pid, Signal::SIGTERM);
    }

    /// Ends it well: SIGINT, then SIGTERM for the last tenth of the time, then SIGKILL. The VS Code CLI takes
    /// its tunnel from the relay at SIGINT only; at SIGTERM it just dies, and its name stays in use for a while.
    /// Returns whether it ended by itself.
    pub async fn end(&mut self, within: Duration) -> bool {
        let last = within / 10;
        for (signal, patience) in [(Signal::SIGINT, within - last), (Signal::SIGTERM, last)] {
            send(self.pid, signal);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return true;
            }
        }
        let _ = self.child.kill().await;
        false
    }
}

impl Deref for Own {
    type Target = Child;
    fn deref(&self) -> &Child {
        &self.child
    }
}

impl DerefMut for Own {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        lock(&self.own).remove(&self.pid);
    }
}

async fn collect(own: &mut Own) -> std::io::Result<Output> {
    use tokio::io::{AsyncRead, AsyncReadExt};
    const MOST: u64 = 64 * 1024;
    async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
        let mut text = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MOST).read_to_end(&mut text).await;
        }
        text
    }
    let (out, err) = (own.stdout.take(), own.stderr.take());
    let (status, stdout, stderr) = tokio::join!(own.child.wait(), read(out), read(err));
    Ok(Output { status: status?, stdout, stderr })
}

fn lock(own: &Mutex<HashSet<i32>>) -> MutexGuard<'_, HashSet<i32>> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(pid: i32, signal: Signal) {
    // never 0 or -1: those are groups, or everybody
    if pid > 1 {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

struct Process {
    pid: i32,
    parent: i32,
    /// The leader of a terminal's session.
    shell: bool,
}

/// All living processes below this one.
fn below() -> Vec<Process> {
    let mut all: Vec<Process> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| process(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect();
    let mut known = HashSet::from([i32::try_from(std::process::id()).unwrap_or_default()]);
    let mut found = Vec::new();
    loop {
        let (children, others) = all.into_iter().partition(|process| known.contains(&process.parent));
        all = others;
        let children: Vec<Process> = children;
        if children.is_empty() {
            return found;
        }
        known.extend(children.iter().map(|process| process.pid));
        found.extend(children);
    }
}

/// Reads `/proc/<pid>/stat`: after the name in brackets come state, parent, group, session, terminal.
fn process(pid: i32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    let mut number = || fields.next()?.parse::<i32>().ok();
    let (parent, _group, session, terminal) = (number()?, number()?, number()?, number()?);
    (state != "Z").then_some(Process { pid, parent, shell: session == pid && terminal != 0 })
}
