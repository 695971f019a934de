//! Children that never outlive us: a world, a build, the tests. A signal to us reaches them; our death ends them.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Set at the first Ctrl-C, SIGTERM or SIGHUP; every wait looks at it.
static STOPPED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // Registering fails only for signals that can not be caught, and these can.
        signal_hook::flag::register(signal, Arc::clone(&stopped)).ok();
    }
    stopped
});

/// Whether somebody asked us to stop.
pub fn stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// A moment between two looks.
#[expect(clippy::disallowed_methods, reason = "xtask is no server: it has one thread, and that one waits")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// A child in a process group of its own.
///
/// The terminal's Ctrl-C then reaches only us, and the child hears it once, from us.
pub struct Group {
    child: Child,
    what: String,
    ended: Option<ExitStatus>,
}

impl Group {
    /// Starts `command`; `what` is its name in messages.
    pub fn start(command: &mut Command, what: &str) -> Result<Group> {
        stopped();
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("{what} does not start ({})", command.get_program().display()))?;
        Ok(Group { child, what: what.to_owned(), ended: None })
    }

    /// Its process id, which is also its group's.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard error, if that is a pipe.
    pub fn errors(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Waits until it ends; a signal to us ends it first, and is an error.
    pub fn wait(&mut self, mut meanwhile: impl FnMut()) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                if stopped() {
                    bail!("stopped");
                }
                return Ok(status);
            }
            if stopped() {
                self.stop(Duration::from_secs(30))?;
                bail!("stopped");
            }
            meanwhile();
            pause(Duration::from_millis(50));
        }
    }

    /// Asks it to end and waits; what has not ended within `patience` is killed, and that is an error.
    pub fn stop(&mut self, patience: Duration) -> Result<ExitStatus> {
        let since = Instant::now();
        self.signal(Signal::SIGTERM);
        while since.elapsed() < patience {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            pause(Duration::from_millis(20));
        }
        self.signal(Signal::SIGKILL);
        self.ended = Some(self.child.wait()?);
        bail!("{} did not end within {} s of SIGTERM and was killed", self.what, patience.as_secs())
    }

    fn signal(&mut self, signal: Signal) {
        // Once waited for, its number may be somebody else's.
        if matches!(self.ended(), Ok(None)) {
            killpg(Pid::from_raw(self.child.id().cast_signed()), signal).ok();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None)) && self.stop(Duration::from_secs(30)).is_err() {
            eprintln!("{}: left without a word and was killed", self.what);
        }
    }
}

/// `program` as a command that the kernel ends when we die, whatever kills us.
pub fn bound_to_us(program: &std::path::Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

/// How a process ended, for people.
pub fn says(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("with status {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "in an unknown way".to_owned(),
    }
}
