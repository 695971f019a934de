//! The executable as the host's child: started, probed, restarted, given up (SOURCES 1.2 to 1.6).

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    net::TcpListener,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
    sync::watch,
};

use super::log::{self, Level, Log};
use crate::process::spawn_from_lasting_thread;

/// What to start.
#[derive(Clone)]
pub struct Plan {
    pub path: PathBuf,
    pub arguments: Vec<String>,
    pub folder: PathBuf,
    /// All of its environment but PATH and the port.
    pub environment: BTreeMap<String, String>,
    /// What has changed since; for the runs that come.
    pub later: Arc<Mutex<BTreeMap<String, String>>>,
    pub stderr_is_errors: bool,
}

/// One run of the executable, from its start to its end.
pub struct Run {
    process: tokio::process::Child,
    group: Pid,
    errors: Errors,
}

/// The last lines that it printed as errors; they explain its end.
type Errors = Arc<Mutex<VecDeque<String>>>;

impl Plan {
    /// Starts it, with its output going to the log line by line.
    pub async fn start(&self, port: u16, log: &Log) -> Result<Run> {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&self.path)
            .args(&self.arguments)
            .current_dir(&self.folder);
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner).clone();
        command
            .env_clear()
            .envs(&self.environment)
            .envs(later)
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        for name in ["FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"] {
            command.env(name, port.to_string());
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut process = spawn_from_lasting_thread(command).await.with_context(|| {
            format!("{} can not be started (is setpriv of util-linux there?)", self.path.display())
        })?;
        let group = Pid::from_raw(i32::try_from(process.id().context("it ended before it began")?)?);
        let errors = Errors::default();
        let (only, kept) = (self.stderr_is_errors, errors.clone());
        if let Some(stdout) = process.stdout.take() {
            tokio::spawn(read(stdout, false, only, log.clone(), kept.clone()));
        }
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(read(stderr, true, only, log.clone(), kept));
        }
        Ok(Run { process, group, errors })
    }
}

impl Run {
    /// The number of its process group.
    pub fn group(&self) -> Pid {
        self.group
    }

    /// Waits for its end: the exit code, 128 and the signal's number if a signal ended it.
    pub async fn ended(&mut self) -> i32 {
        let status = self.process.wait().await.unwrap_or_default();
        // what it left behind in its group goes with it, before the number can be anybody else's
        let _ = killpg(self.group, Signal::SIGKILL);
        code(status)
    }

    /// SIGKILL at once, as the real host does it: no SIGTERM, no grace (trap 9).
    pub async fn kill(&mut self) {
        let _ = killpg(self.group, Signal::SIGKILL);
        self.ended().await;
    }

    /// Its last lines that counted as errors.
    pub fn last_errors(&self) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

async fn read(pipe: impl AsyncRead + Unpin, stderr: bool, only_errors: bool, log: Log, errors: Errors) {
    let mut pipe = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while pipe.read_until(b'\n', &mut bytes).await.is_ok_and(|read| read > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
        bytes.clear();
        let level = log::console_level(&line, stderr, only_errors);
        log.write(level, log::CONSOLE, &line);
        if level == Level::Error {
            let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
            if errors.len() == 3 {
                errors.pop_front();
            }
            errors.push_back(line);
        }
    }
}

/// Where the executable stands, as the host believes.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Started or restarted, not yet answering: invocations wait.
    Starting,
    /// It answered a probe. After exit code 0 the host goes on believing this (trap 2).
    Ready,
    /// Given up or stopped, with the reason: the host is no longer running.
    Stopped(String),
}

/// Waits until it is ready; an error when the host stopped or the wait took too long (SOURCES 1.3).
pub async fn ready(phase: &watch::Receiver<Phase>, limit: Duration) -> Result<()> {
    if *phase.borrow() == Phase::Ready {
        return Ok(());
    }
    let mut phase = phase.clone();
    let settled = phase.wait_for(|phase| *phase != Phase::Starting);
    let settled = match tokio::time::timeout(limit, settled).await {
        Ok(Ok(settled)) => settled.clone(),
        Ok(Err(_)) => Phase::Stopped("the host is gone".into()),
        Err(_) => bail!("the executable was not ready within {limit:?}"),
    };
    match settled {
        Phase::Stopped(why) => bail!("{why}"),
        _ => Ok(()),
    }
}

/// A loopback port that stays ours while the executable is down: not one the kernel gives to clients, since a
/// client that connects from the very port it connects to would meet itself.
pub fn free_port() -> Result<u16> {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_default();
    let (low, span) = (12_000, 20_000);
    let start = uuid::Uuid::new_v4().as_u128() % span;
    for step in 0..span {
        let port = low + u16::try_from((start + step) % span)?;
        if !given.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no loopback port from {low} on is free")
}
