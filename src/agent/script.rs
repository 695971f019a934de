//! The workspace's own scripts: `~/.dcaas/on-start` after a start, `~/.dcaas/on-stop` before the end.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::children::{Children, Own};
use super::voice::Voice;
use crate::pod;

/// What a script said last is waited for so long; what it left running may go on speaking.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A script of the workspace's.
pub struct Script {
    name: &'static str,
    home: PathBuf,
    children: Children,
    voice: Voice,
}

impl Script {
    /// The script of that name below the home.
    pub fn new(name: &'static str, home: &Path, children: Children, voice: Voice) -> Self {
        Self { name, home: home.to_owned(), children, voice }
    }

    /// Runs it, if it is there, to its end or `until` something else happens; then it is told to end, and not
    /// waited for. `seconds` is the time that it has, if it is short.
    pub async fn run(self, seconds: Option<Duration>, until: impl Future<Output = ()>) {
        let path = self.home.join(self.name);
        let Ok(file) = path.metadata() else { return };
        if !file.is_file() || file.permissions().mode() & 0o111 == 0 {
            self.say(&format!("is not executable, so it does not run: chmod +x ~/{}", self.name));
            return;
        }
        let mut command = Command::new(&path);
        command.current_dir(&self.home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(seconds) = seconds {
            command.env(pod::SECONDS, seconds.as_secs().to_string());
        }
        let began = Instant::now();
        let mut script = match self.children.spawn(&mut command) {
            Ok(script) => script,
            Err(error) => return self.say(&not_started(&error)),
        };
        self.say("runs");
        let mut output = self.pass_output(&mut script);
        let how = tokio::select! {
            status = script.wait() => status.map_or_else(|error| format!("is gone: {error}"), |status| format!("ended with {status}")),
            () = until => {
                script.terminate();
                "was still running and was told to end".to_owned()
            }
        };
        let _ = timeout(LAST_WORDS, async { while output.join_next().await.is_some() {} }).await;
        output.detach_all();
        self.say(&format!("{how} ({:.1} s)", began.elapsed().as_secs_f32()));
    }

    fn pass_output(&self, script: &mut Own) -> JoinSet<()> {
        let mut output = JoinSet::new();
        if let (Some(out), Some(err)) = (script.stdout.take(), script.stderr.take()) {
            output.spawn(self.voice.clone().pass(out, None));
            output.spawn(self.voice.clone().pass(err, None));
        }
        output
    }

    fn say(&self, text: &str) {
        self.voice.say(&format!("~/{} {text}", self.name));
    }
}

fn not_started(error: &std::io::Error) -> String {
    let next = match (error.kind(), error.raw_os_error()) {
        (_, Some(nix::libc::ENOEXEC)) => ": give it a first line such as #!/bin/sh",
        (ErrorKind::NotFound, _) => ": the program that its first line names is not in this image",
        _ => "",
    };
    format!("can not be started: {error}{next}")
}
