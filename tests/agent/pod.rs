//! A pod of one: the agent as a process, with its folders, and everything that it wrote.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dcaas::domain::link::LinkState;
use dcaas::pod::{self, Line};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::PATIENCE;

pub const TOKEN: &str = "gho_0123456789abcdefghijklmnopqrstuvwxyz";
pub const NAME: &str = "dc-0123456789ab";

/// A pod of one: the agent with its folders, and everything that it wrote.
pub struct Pod {
    pub root: PathBuf,
    wish: Wish,
    agent: Child,
    log: Arc<Mutex<Vec<String>>>,
}

/// What a pod is like.
#[derive(Clone, Copy)]
pub struct Wish {
    /// There is a token to sign in with.
    pub token: bool,
    /// The grace period, in seconds.
    pub grace: u64,
    pub licence: bool,
    /// The agent is process 1 of a namespace of its own.
    pub first: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self { token: true, grace: 30, licence: true, first: false }
    }
}

impl Pod {
    /// With the world's stand-in of the CLI, in folders that are prepared before it starts.
    pub fn with_stand_in(name: &str, wish: Wish, prepare: impl FnOnce(&Path)) -> Self {
        let code = Path::new(env!("CARGO_BIN_EXE_dcaas")).with_file_name("code");
        assert!(code.exists(), "{} is missing: cargo build -p sandbox --bin code", code.display());
        Self::start(name, wish, |root| {
            symlink(&code, root.join("platform/bin/code")).unwrap();
            prepare(root);
        })
    }

    /// With a CLI that is signed in, and whose tunnel is a few lines of shell.
    pub fn with_script(name: &str, wish: Wish, tunnel: &str) -> Self {
        Self::prepared(name, wish, tunnel, |_| {})
    }

    /// The same, in folders that are prepared before it starts.
    pub fn prepared(name: &str, wish: Wish, tunnel: &str, prepare: impl FnOnce(&Path)) -> Self {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\n'tunnel user show') exit 0;;\n\
             'tunnel status') echo '{{\"tunnel\":null,\"service_installed\":false}}'; exit 0;;\nesac\n{tunnel}\n"
        );
        let wish = Wish { token: false, ..wish };
        Self::start(name, wish, |root| {
            write_script(&root.join("platform/bin/code"), &script);
            prepare(root);
        })
    }

    fn start(name: &str, wish: Wish, prepare: impl FnOnce(&Path)) -> Self {
        let root = std::env::temp_dir().join(format!("dcaas-agent-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for folder in ["platform/bin", "run/cli", "home/.dcaas", "token"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        if wish.token {
            write_token(&root, TOKEN);
        }
        prepare(&root);
        let (agent, log) = run(&root, wish);
        Self { root, wish, agent, log }
    }

    /// Another agent in the same folders, as after the end of a container; with `disk_only` in another pod.
    pub fn again(&mut self, disk_only: bool) {
        assert!(self.terminate().success());
        if disk_only {
            fs::remove_dir_all(self.root.join("run/cli")).unwrap();
            fs::create_dir(self.root.join("run/cli")).unwrap();
        }
        (self.agent, self.log) = run(&self.root, self.wish);
    }

    pub fn pid(&self) -> i32 {
        let pid = self.agent.id().try_into().unwrap();
        if !self.wish.first {
            return pid;
        }
        eventually("process 1", || below(pid).first().map(|(pid, ..)| *pid), Vec::new)
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn says(&self, words: &str) -> bool {
        self.log().iter().any(|line| line.contains(words))
    }

    pub fn line(&self) -> Option<Line> {
        pod::newest_line(&self.log().join("\n"))
    }

    pub fn until(&self, state: LinkState) -> Line {
        let what = format!("link {}", state.name());
        eventually(&what, || self.line().filter(|line| line.link.state == state), || self.log())
    }

    pub fn until_says(&self, words: &str) {
        eventually(words, || self.says(words).then_some(()), || self.log());
    }

    /// A fault of the stand-in.
    pub fn fault(&self, name: &str, on: bool) {
        let file = self.root.join("run/cli").join(name);
        if on { fs::write(file, "").unwrap() } else { fs::remove_file(file).unwrap() }
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    /// The memory of the agent, in MiB.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        line.unwrap().parse::<u64>().unwrap() / 1024
    }

    pub fn terminate(&mut self) -> ExitStatus {
        self.end(Signal::SIGTERM as i32)
    }

    /// Ends it with that signal.
    pub fn end(&mut self, signal: i32) -> ExitStatus {
        let pid = self.pid();
        // real-time signals have no name in nix
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().unwrap();
        assert!(sent.success());
        let status = self.agent.wait().unwrap();
        eventually("the end of the log", || (Arc::strong_count(&self.log) == 1).then_some(()), || self.log());
        status
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        if let Ok(None) = self.agent.try_wait() {
            let _ = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
            let _ = self.agent.wait();
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn run(root: &Path, wish: Wish) -> (Child, Arc<Mutex<Vec<String>>>) {
    let dcaas = env!("CARGO_BIN_EXE_dcaas");
    let mut agent = Command::new(if wish.first { FIRST[0] } else { dcaas });
    if wish.first {
        agent.args(&FIRST[1..]).arg(dcaas);
    }
    agent
        .args(["agent", "--tunnel", NAME, "--session", "s-1", "--grace", &wish.grace.to_string()])
        .args(wish.licence.then_some("--accept-licence"))
        .args(["--platform".as_ref(), root.join("platform").as_os_str()])
        .args(["--run".as_ref(), root.join("run").as_os_str()])
        .args(["--pod".as_ref(), root.join("pod").as_os_str()])
        .args(["--token".as_ref(), root.join("token").as_os_str()])
        .env("HOME", root.join("home"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut agent = agent.spawn().unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let (out, seen) = (agent.stdout.take().unwrap(), log.clone());
    std::thread::spawn(move || {
        BufReader::new(out).lines().map_while(Result::ok).for_each(|line| seen.lock().unwrap().push(line));
    });
    (agent, log)
}

/// What makes a process the first one, where the machine lets it.
const FIRST: [&str; 7] =
    ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"];

/// Whether a test may make a first process here; containers often may not.
pub fn may_be_first() -> bool {
    let tried = Command::new(FIRST[0]).args(&FIRST[1..]).arg("true").output();
    tried.is_ok_and(|output| output.status.success())
}

pub fn write_script(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub fn write_token(root: &Path, token: &str) {
    fs::write(root.join("token/provider"), "github\n").unwrap();
    fs::write(root.join("token/access_token"), token).unwrap();
}

/// Looks until there is something to see.
#[expect(clippy::disallowed_methods, reason = "a thread of its own waits here, no runtime")]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>, log: impl Fn() -> Vec<String>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}; the log ends:\n{}", log().join("\n"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The children of a process: pid, state, command line and environment.
pub fn below(parent: i32) -> Vec<(i32, String, String)> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let (state, of) = (fields.next()?.to_owned(), fields.next()?.parse::<i32>().ok()?);
        let text = |name| {
            String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default()).into_owned()
        };
        (of == parent).then(|| (pid, state, text("cmdline") + &text("environ")))
    });
    processes.collect()
}
