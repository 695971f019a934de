//! A person's shell: a home of its own, and commands through pipes or on a terminal.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use crate::world::{Installation, Token, eventually, facts};

/// A home, and what stands in its environment.
pub struct Shell {
    pub home: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A command that runs.
pub struct Running {
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

impl Shell {
    /// A new one, for this installation; `name` is the test's.
    pub fn new(name: &str, dcaas: &Installation) -> Self {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}"));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(home.join("bin")).unwrap();
        let path = format!("{}:/usr/bin:/bin", home.join("bin").display());
        let variables = [
            ("HOME", home.display().to_string()),
            ("PATH", path),
            ("TERM", "xterm-256color".to_owned()),
            ("DCAAS_URL", dcaas.functions.clone()),
            // the world's Entra has a certificate of the world's own
            ("SSL_CERT_FILE", facts()["ca"].as_str().unwrap().to_owned()),
        ];
        Self { home, variables: variables.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with_token(self, token: &Token) -> Self {
        self.with("DCAAS_TOKEN", &token.0)
    }

    /// A program that the person has.
    pub fn program(&self, name: &str, script: &str) {
        let file = self.home.join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dcaas"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .envs(self.variables.iter().cloned())
            .kill_on_drop(true);
        command
    }

    /// Runs a command through pipes, to its end.
    pub async fn run(&self, line: &str) -> Ended {
        self.begin(line).end().await
    }

    /// Begins one through pipes.
    pub fn begin(&self, line: &str) -> Running {
        let mut command = self.command(line);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = collect(child.stdout.take().unwrap());
        let err = collect(child.stderr.take().unwrap());
        Running { child, out, err }
    }

    /// Begins one on a terminal of 100 columns.
    pub fn begin_on_terminal(&self, line: &str) -> Running {
        let (mut terminal, slave) = terminal();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let child = self.command(line).stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop(slave);
        let out = Arc::new(Mutex::new(String::new()));
        let shown = out.clone();
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            // it fails once nobody holds the other end
            while let Ok(n) = terminal.read(&mut some) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&some[..n]));
            }
        });
        Running { child, out, err: Arc::default() }
    }
}

impl Running {
    /// What it has said so far, on both ways.
    pub fn said(&self) -> String {
        format!("{}{}", self.out.lock().unwrap(), self.err.lock().unwrap())
    }

    /// Waits until it has said something.
    pub async fn says(&self, what: &str) {
        eventually(&format!("it says {what}"), || async { self.said().contains(what).then_some(()) }).await;
    }

    pub async fn end(mut self) -> Ended {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(180), self.child.wait()).await;
        let code = match ended {
            Ok(status) => status.unwrap().code().unwrap(),
            Err(_) => panic!("it does not end: {}", self.said()),
        };
        // what it said last may still be on its way
        let quiet = || async {
            let before = self.said();
            tokio::task::yield_now().await;
            let ways = Arc::strong_count(&self.out) + Arc::strong_count(&self.err);
            (ways == 2).then_some(before)
        };
        eventually("all that it said", quiet).await;
        let text = |of: &Arc<Mutex<String>>| of.lock().unwrap().clone();
        Ended { code, out: text(&self.out), err: text(&self.err) }
    }
}

/// Both ends of a terminal of 100 columns. Neither is left open in programs that other tests start at this moment, as it
/// would be by `openpty`: what is shown on it would never end.
fn terminal() -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    tcsetwinsize(&master, Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(nix::libc::O_NOCTTY)
        .open(name.to_str().unwrap())
        .unwrap();
    (File::from(master), slave)
}

fn collect(mut from: impl AsyncRead + Unpin + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shown = text.clone();
    tokio::spawn(async move {
        let mut some = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut some).await {
            shown.lock().unwrap().push_str(&String::from_utf8_lossy(&some[..n]));
        }
    });
    text
}
