//! The VS Code server that the CLI starts for an editor: the command lines of the real one's processes.
//!
//! Each is this program again. A process ends when its standard input does, so that none outlives its parent.

pub mod connection;
mod extension_host;
mod listen;
mod pty_host;

pub use listen::KEEP_ALIVE;

use std::path::Path;
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

const MAIN: &str = "out/server-main.js";
const FORK: &str = "out/bootstrap-fork";
const SOCKET: &str = "--socket-path=";

/// What an editor and the server say to each other on the management connection, and the server to its parts.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Message {
    /// Every few seconds, from both sides.
    KeepAlive,
    /// Keys for the terminal.
    Input(String),
    /// What the terminal shows.
    Output(String),
    /// A change of a document, or what extensions answer to one.
    Change(String),
}

/// The first line of a connection: what it is for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    Management,
    ExtensionHost,
}

/// What this process is, by its arguments; none if it is the CLI.
pub enum Part {
    Server(String),
    ExtensionHost,
    FileWatcher,
    PtyHost,
}

impl Part {
    /// Reads the arguments after the program's name.
    pub fn of(arguments: &[String]) -> Option<Self> {
        let (script, rest) = arguments.split_first()?;
        let has = |wanted: &str| rest.iter().any(|word| word == wanted);
        if script.ends_with(MAIN) {
            let socket = rest.iter().find_map(|word| word.strip_prefix(SOCKET))?;
            return Some(Self::Server(socket.to_owned()));
        }
        script.ends_with(FORK).then_some(())?;
        [
            ("--type=extensionHost", Self::ExtensionHost),
            ("--type=fileWatcher", Self::FileWatcher),
            ("--type=ptyHost", Self::PtyHost),
        ]
        .into_iter()
        .find_map(|(flag, part)| has(flag).then_some(part))
    }

    /// Is it, to its end.
    pub async fn run(self) -> Result<u8, String> {
        let ended = match self {
            Self::Server(socket) => listen::run(&socket).await,
            Self::ExtensionHost => extension_host::run().await,
            Self::FileWatcher => to_the_end().await,
            Self::PtyHost => pty_host::run().await,
        };
        ended.map(|()| 0).map_err(|error| error.to_string())
    }
}

/// Starts the server below a folder of the CLI's, listening there.
pub fn start(root: &Path, socket: &str) -> std::io::Result<Child> {
    let listens = format!("{SOCKET}{socket}");
    let flags =
        ["--start-server", "--enable-remote-auto-shutdown", "--accept-server-license-terms", &listens];
    spawn(root, MAIN, &flags)
}

/// Starts a part of the server that runs in `root`.
fn fork(root: &Path, flags: &[&str]) -> std::io::Result<Child> {
    spawn(root, FORK, flags)
}

fn spawn(root: &Path, script: &str, flags: &[&str]) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(root.join("node")).arg(root.join(script)).args(flags);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()
}

/// What has nothing to do waits for the end of its input.
async fn to_the_end() -> std::io::Result<()> {
    tokio::io::copy(&mut connection::input()?, &mut tokio::io::sink()).await.map(|_| ())
}

/// The root that this process was started with.
fn root() -> std::path::PathBuf {
    let node = std::env::args_os().next().unwrap_or_default();
    Path::new(&node).parent().unwrap_or(Path::new("")).to_owned()
}
