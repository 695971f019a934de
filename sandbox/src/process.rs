//! Child processes that never outlive the world.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use futures::FutureExt;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How often a child that is not ready yet is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What to run: a program in its own process group, with this environment and PATH, and nothing else.
#[derive(Clone, Debug)]
pub struct Program {
    /// What people call it, in errors.
    pub name: String,
    pub path: PathBuf,
    pub args: Vec<OsString>,
    pub env: BTreeMap<String, String>,
    /// The working directory; the world's own if none.
    pub dir: Option<PathBuf>,
    /// What it gets when the world dies: KILL, or TERM for a program that then ends what it has started.
    pub last_word: Signal,
    /// Where its output is appended to.
    pub log: PathBuf,
}

/// A running program. Dropping it kills the whole process group.
pub struct Child {
    name: String,
    pid: Pid,
    log: PathBuf,
    log_start: u64,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Program {
    /// A program without arguments and environment.
    pub fn new(name: &str, path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        let (args, env) = (Vec::new(), BTreeMap::new());
        let last_word = Signal::SIGKILL;
        Self { name: name.to_owned(), path: path.into(), args, env, dir: None, last_word, log: log.into() }
    }

    /// Adds arguments.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets one variable of its environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// Lets it end by itself, and what it has started, when the world dies.
    pub fn ends_by_itself(mut self) -> Self {
        self.last_word = Signal::SIGTERM;
        self
    }

    /// Sets its working directory.
    pub fn in_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Starts it. Must be called inside a tokio runtime, which has to live as long as the child.
    pub async fn start(self) -> anyhow::Result<Child> {
        if self.path.components().count() > 1 && !self.path.exists() {
            bail!("{} can not start: {} does not exist", self.name, self.path.display());
        }
        let out = OpenOptions::new().create(true).append(true).open(&self.log);
        let out = out.with_context(|| format!("the log {} can not be written", self.log.display()))?;
        let log_start = out.metadata()?.len();
        // setpriv (util-linux, on every Debian and Ubuntu) asks the kernel to kill the child when its parent
        // dies, also by SIGKILL, and then becomes the program. Only the direct child is reached so: a program
        // that makes children of its own has to look after them.
        let mut command = tokio::process::Command::new("setpriv");
        let last_word = self.last_word.as_str().trim_start_matches("SIG");
        command.args(["--pdeathsig", last_word, "--"]).arg(&self.path).args(&self.args);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).envs(&self.env);
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        let mut child = spawn_from_lasting_thread(command).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound if self.dir.as_ref().is_none_or(|dir| dir.exists()) => {
                anyhow!("setpriv is missing: apt-get install util-linux")
            }
            _ => anyhow!(error).context(format!("{} can not start", self.name)),
        })?;
        let pid = Pid::from_raw(i32::try_from(child.id().context("the child ended before it began")?)?);
        let (tell, ended) = watch::channel(None);
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            // what is left of the group goes with its leader; at once, before the number can be anybody else's
            let _ = killpg(pid, Signal::SIGKILL);
            tell.send_replace(Some(status));
        });
        Ok(Child { name: self.name, pid, log: self.log, log_start, ended })
    }
}

impl Child {
    /// The process id, also the number of its group.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits until it ends by itself.
    pub async fn wait(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        // the sender only goes when the runtime goes; then nobody waits any more
        ended.wait_for(Option::is_some).await.ok().and_then(|status| *status).unwrap_or_default()
    }

    /// What it wrote since it was started.
    pub fn output(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(mut file) = File::open(&self.log)
            && file.seek(SeekFrom::Start(self.log_start)).is_ok()
        {
            let _ = file.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until its output tells what is looked for.
    pub async fn says<T>(&self, limit: Duration, find: impl Fn(&str) -> Option<T>) -> anyhow::Result<T> {
        self.until(limit, || std::future::ready(find(&self.output()))).await
    }

    /// Waits until `probe` is true; with its last lines in the error if it dies or takes too long.
    pub async fn ready<F>(&self, limit: Duration, probe: impl Fn() -> F) -> anyhow::Result<()>
    where
        F: Future<Output = bool>,
    {
        self.until(limit, || probe().map(|ready| ready.then_some(()))).await
    }

    /// Waits until a GET of this address is answered with a 2xx.
    pub async fn answers(&self, limit: Duration, client: &reqwest::Client, url: &str) -> anyhow::Result<()> {
        let ask = || client.get(url).timeout(Duration::from_secs(2)).send();
        let good =
            |answer: reqwest::Result<reqwest::Response>| answer.is_ok_and(|it| it.status().is_success());
        self.ready(limit, || ask().map(good)).await
    }

    /// Sends SIGKILL to the group, now.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// SIGTERM, and after the grace SIGKILL, to the whole group; returns when it is gone.
    pub async fn stop(&self, grace: Duration) {
        self.signal(Signal::SIGTERM);
        if timeout(grace, self.wait()).await.is_err() {
            tracing::warn!("{} did not end within {grace:?} and is killed", self.name);
            self.kill();
        }
        self.wait().await;
        // the others of the group were killed with the leader; the kernel may need a moment for them
        for _ in 0..50 {
            if killpg(self.pid, None) == Err(Errno::ESRCH) {
                return;
            }
            sleep(LOOK).await;
        }
    }

    // a closure that gives a future, not an `AsyncFn`: the future of a task has to be `Send`
    async fn until<T, F>(&self, limit: Duration, look: impl Fn() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Option<T>>,
    {
        let started = Instant::now();
        loop {
            let ended = self.ended();
            if let Some(found) = look().await {
                return Ok(found);
            }
            if let Some(status) = ended {
                bail!("{} ended early ({status}); {}", self.name, self.last_lines());
            }
            if started.elapsed() > limit {
                bail!("{} was not ready within {limit:?}; {}", self.name, self.last_lines());
            }
            sleep(LOOK).await;
        }
    }

    fn last_lines(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        let last = lines[lines.len().saturating_sub(15)..].join("\n  ");
        format!("the end of {}:\n  {last}", self.log.display())
    }

    fn signal(&self, signal: Signal) {
        if self.ended().is_none() {
            let _ = killpg(self.pid, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

type Order = (tokio::process::Command, tokio::runtime::Handle, tokio::sync::oneshot::Sender<Spawned>);
type Spawned = std::io::Result<tokio::process::Child>;

/// The kernel ties "kill me when my parent dies" to the *thread* that forked, and a runtime's threads come
/// and go (blocking ones after ten idle seconds). So one thread, which ends only with the process, forks.
pub(crate) async fn spawn_from_lasting_thread(command: tokio::process::Command) -> Spawned {
    static ORDERS: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, runtime, done) in orders {
                let _inside = runtime.enter();
                let _ = done.send(command.spawn());
            }
        });
        sender
    });
    let (done, spawned) = tokio::sync::oneshot::channel();
    let gone = || std::io::Error::other("the thread that starts children is gone");
    orders.send((command, tokio::runtime::Handle::current(), done)).map_err(|_| gone())?;
    spawned.await.map_err(|_| gone())?
}
