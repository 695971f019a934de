//! The VS Code CLI: how it is called, and the token that it is signed in with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::children::{Children, Own};
use super::hear::{self, Status};
use crate::pod;

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// It answers within milliseconds, or something is wrong with it.
const STATUS_WITHIN: Duration = Duration::from_secs(5);
const LOGIN_WITHIN: Duration = Duration::from_secs(60);
/// Where an image does not say where its programs are.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ACCESS_TOKEN: &str = "VSCODE_CLI_ACCESS_TOKEN";
const REFRESH_TOKEN: &str = "VSCODE_CLI_REFRESH_TOKEN";

/// What a tunnel is signed in with. Has no `Debug`: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    provider: String,
    access: String,
    refresh: Option<String>,
}

impl Token {
    /// Reads the token's folder; none if there is no token in it.
    pub fn read(folder: &Path) -> Option<Self> {
        let key = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name)).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        Some(Self {
            access: key(pod::ACCESS_TOKEN_KEY)?,
            provider: key(pod::PROVIDER_KEY).unwrap_or_else(|| "github".into()),
            refresh: key(pod::REFRESH_TOKEN_KEY),
        })
    }

    /// What must never be printed.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.access.as_str()).chain(self.refresh.as_deref())
    }
}

/// Calls the CLI.
#[derive(Clone)]
pub struct Code {
    program: PathBuf,
    path: OsString,
    data: PathBuf,
    places: Places,
    children: Children,
}

/// Where `dcaas keep` and `dcaas why` find the agent, by their variables.
pub type Places = [(&'static str, PathBuf); 2];

impl Code {
    /// The CLI of the platform's tree, with its state in `data`.
    pub fn new(platform: &Path, data: PathBuf, places: Places, children: Children) -> Self {
        let program = platform.join(pod::CODE);
        let path = search_path(std::env::var_os("PATH"), program.parent().unwrap_or(platform));
        Self { program, path, data, places, children }
    }

    /// Whether a sign-in is kept. One that is kept may have been rejected since.
    pub async fn signed_in(&self) -> Result<bool, String> {
        let output =
            self.children.output(&mut self.command(&["tunnel", "user", "show"]), ANSWER_WITHIN).await?;
        Ok(output.status.success())
    }

    /// Signs in. The token is in this one child's environment and nowhere else.
    pub async fn sign_in(&self, token: &Token) -> Result<(), String> {
        let mut command = self.command(&["tunnel", "user", "login", "--provider", &token.provider]);
        command.env(ACCESS_TOKEN, &token.access);
        if let Some(refresh) = &token.refresh {
            command.env(REFRESH_TOKEN, refresh);
        }
        let output = self.children.output(&mut command, LOGIN_WITHIN).await?;
        said(&output, "user login")
    }

    /// Starts the tunnel; its output is piped.
    pub fn start(&self, name: &str) -> std::io::Result<Own> {
        let mut command = self.command(&["tunnel", "--accept-server-license-terms", "--name", name]);
        self.children.spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Takes the tunnel that it has from the account.
    pub async fn unregister(&self) -> Result<(), String> {
        let output = self.children.output(&mut self.command(&["tunnel", "unregister"]), LOGIN_WITHIN).await?;
        said(&output, "unregister")
    }

    /// Asks the running tunnel how it is.
    pub async fn status(&self) -> Status {
        match self.children.output(&mut self.command(&["tunnel", "status"]), STATUS_WITHIN).await {
            Ok(output) if output.status.success() => hear::status(&String::from_utf8_lossy(&output.stdout)),
            Ok(output) => Status::Unknown(format!("`code tunnel status` ended with {}", output.status)),
            Err(why) => Status::Unknown(why),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("PATH", &self.path)
            .envs(self.places.iter().map(|(name, path)| (name, path)))
            .env("VSCODE_CLI_DATA_DIR", &self.data)
            .env("VSCODE_CLI_USE_FILE_KEYCHAIN", "1")
            // the key would be the host's name, and a pod's changes
            .env("VSCODE_CLI_DISABLE_KEYCHAIN_ENCRYPT", "1")
            .env("VSCODE_CLI_NONINTERACTIVE", "1")
            .env_remove(ACCESS_TOKEN)
            .env_remove(REFRESH_TOKEN)
            .stdin(Stdio::null());
        if let Some(home) = std::env::var_os("HOME").filter(|home| Path::new(home).is_dir()) {
            command.current_dir(home);
        }
        command
    }
}

/// With our own programs last, so that `dcaas keep` is found by what the CLI starts and hides nothing of the image's. Where
/// a profile sets PATH anew, [`pod::COMMAND`] is found.
fn search_path(path: Option<OsString>, ours: &Path) -> OsString {
    let mut path = path.filter(|path| !path.is_empty()).unwrap_or_else(|| USUAL_PATH.into());
    path.push(":");
    path.push(ours);
    path
}

/// An error with the last line, if it did not end well.
fn said(output: &Output, verb: &str) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    Err(format!("`code tunnel {verb}` ended with {}: {last}", output.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_programs_are_found_last() {
        let ours = Path::new("/opt/dcaas/bin");
        assert_eq!(search_path(Some("/usr/bin:/bin".into()), ours), "/usr/bin:/bin:/opt/dcaas/bin");
        for nothing in [None, Some("".into())] {
            assert_eq!(search_path(nothing, ours), format!("{USUAL_PATH}:/opt/dcaas/bin").as_str());
        }
    }
}
