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

pub const TOKEN: &str = "gho_0123456789abcdefghijklmnopqrstuvwxyz";
pub const NAME: &str = "dc-0123456789ab";

/// A pod of one: the agent with its folders, and everything that it wrote.
pub struct Pod {
    pub root: PathBuf,
    agent: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Pod {
    /// With the world's stand-in of the CLI.
    pub fn with_stand_in(name: &str, token: bool) -> Self {
        let code = Path::new(env!("CARGO_BIN_EXE_dcaas")).with_file_name("code");
        assert!(code.exists(), "{} is missing: cargo build -p sandbox --bin code", code.display());
        Self::start(name, token, 30, |path| symlink(&code, path).unwrap())
    }

    /// With a CLI whose tunnel is a few lines of shell.
    pub fn with_script(name: &str, grace: u64, tunnel: &str) -> Self {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\n'tunnel user show') exit 0;;\n\
             'tunnel status') echo '{{\"tunnel\":null,\"service_installed\":false}}'; exit 0;;\nesac\n{tunnel}\n"
        );
        Self::start(name, false, grace, |path| {
            fs::write(path, script).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        })
    }

    pub fn start(name: &str, token: bool, grace: u64, code: impl FnOnce(&Path)) -> Self {
        let root = std::env::temp_dir().join(format!("dcaas-agent-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for folder in ["platform/bin", "home", "token"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        code(&root.join("platform/bin/code"));
        if token {
            write_token(&root, TOKEN);
        }
        let mut agent = Command::new(env!("CARGO_BIN_EXE_dcaas"))
            .args(["agent", "--tunnel", NAME, "--session", "s-1", "--grace", &grace.to_string()])
            .args(["--platform".as_ref(), root.join("platform").as_os_str()])
            .args(["--run".as_ref(), root.join("run").as_os_str()])
            .args(["--pod".as_ref(), root.join("pod").as_os_str()])
            .args(["--token".as_ref(), root.join("token").as_os_str()])
            .env("HOME", root.join("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (out, seen) = (agent.stdout.take().unwrap(), log.clone());
        std::thread::spawn(move || {
            BufReader::new(out)
                .lines()
                .map_while(Result::ok)
                .for_each(|line| seen.lock().unwrap().push(line));
        });
        Self { root, agent, log }
    }

    pub fn pid(&self) -> i32 {
        self.agent.id().try_into().unwrap()
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

    pub fn terminate(&mut self) -> ExitStatus {
        kill(Pid::from_raw(self.pid()), Signal::SIGTERM).unwrap();
        let status = self.agent.wait().unwrap();
        eventually("the end of the log", || (Arc::strong_count(&self.log) == 1).then_some(()), || self.log());
        status
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
        let _ = self.agent.wait();
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub fn write_token(root: &Path, token: &str) {
    fs::write(root.join("token/provider"), "github\n").unwrap();
    fs::write(root.join("token/access_token"), token).unwrap();
}

/// Looks until there is something to see.
#[expect(clippy::disallowed_methods, reason = "a thread of its own waits here, no runtime")]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>, log: impl Fn() -> Vec<String>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within 60 s: {what}; the log ends:\n{}", log().join("\n"));
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
