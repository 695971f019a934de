//! A real VS Code server, where the world has one, and the way to it from the relay.
//!
//! The world says so by a folder `editor` beside one of those that this program lies in: its file `relay` has the
//! relay's address, and its folder `servers` what the real CLI would unpack. The server is started at the first
//! connection of an editor, by the command line that the real CLI starts it with.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::log;

const FOLDER: &str = "editor";
const AGAIN: Duration = Duration::from_secs(1);
/// A machine that does much else starts it slowly.
const SERVER_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The kernel takes no longer path for a socket.
const SOCKET: usize = 100;

/// The real thing.
pub struct Real {
    relay: String,
    /// The release, as `Stable-` and the commit.
    release: String,
    /// Where it lies.
    installed: PathBuf,
    /// Where the CLI has its servers.
    servers: PathBuf,
    running: Mutex<Option<Server>>,
}

struct Server {
    process: Child,
    socket: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    visit: String,
}

impl Real {
    /// What the world has, for a CLI with that folder of servers.
    pub fn find(servers: PathBuf) -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let editor =
            program.ancestors().map(|folder| folder.join(FOLDER)).find(|it| it.join("relay").is_file())?;
        let relay = fs::read_to_string(editor.join("relay")).ok()?.trim().to_owned();
        let release = fs::read_dir(editor.join("servers")).ok()?.find_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.starts_with("Stable-").then_some(name)
        })?;
        let installed = editor.join("servers").join(&release).join("server");
        Some(Self { relay, release, installed, servers, running: Mutex::default() })
    }

    /// Is at the relay under that name for ever, and comes for each editor.
    pub async fn host(self: Arc<Self>, name: String) {
        let mut said = String::new();
        loop {
            if let Err(why) = self.stay(&name).await {
                let why = format!("the relay of the world: {why}");
                if said != why {
                    log("warn", &why);
                    said = why;
                }
            }
            sleep(AGAIN).await;
        }
    }

    async fn stay(self: &Arc<Self>, name: &str) -> io::Result<()> {
        let home = std::env::var("HOME").unwrap_or_else(|_| "/".to_owned());
        let stream = self.greet(&json!({ "host": { "name": name, "home": home } })).await?;
        let mut lines = BufReader::new(stream).lines();
        let mut visits = JoinSet::new();
        while let Some(line) = lines.next_line().await? {
            let told: Told = serde_json::from_str(&line)?;
            let real = self.clone();
            visits.spawn(async move {
                if let Err(why) = real.visit(&told.visit).await {
                    log("warn", &format!("an editor was not let in: {why}"));
                }
            });
            while visits.try_join_next().is_some() {}
        }
        Ok(())
    }

    async fn greet(&self, hello: &Value) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.relay).await?;
        stream.set_nodelay(true)?;
        stream.write_all(format!("{hello}\n").as_bytes()).await?;
        Ok(stream)
    }

    async fn visit(&self, visit: &str) -> io::Result<()> {
        let mut server = self.reach().await?;
        let mut editor = self.greet(&json!({ "take": { "visit": visit } })).await?;
        // whichever goes first, the other's end is closed
        let _ = copy_bidirectional(&mut editor, &mut server).await;
        Ok(())
    }

    /// A connection to the server that runs, or to a new one.
    async fn reach(&self) -> io::Result<UnixStream> {
        let mut running = self.running.lock().await;
        if running.as_mut().is_none_or(|server| !matches!(server.process.try_wait(), Ok(None))) {
            *running = Some(self.start()?);
        }
        let Some(server) = running.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let end = Instant::now() + SERVER_WITHIN;
        loop {
            match UnixStream::connect(&server.socket).await {
                Ok(stream) => return Ok(stream),
                Err(why) if Instant::now() >= end => return Err(why),
                Err(_) => {}
            }
            if let Some(status) = server.process.try_wait()? {
                let log = self.folder().join("log.txt");
                return Err(io::Error::other(format!(
                    "the server ended with {status}; see {}",
                    log.display()
                )));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Where the CLI would have unpacked it.
    fn folder(&self) -> PathBuf {
        self.servers.join(&self.release)
    }

    fn start(&self) -> io::Result<Server> {
        let folder = self.folder();
        fs::create_dir_all(&folder)?;
        let server = folder.join("server");
        if server.symlink_metadata().is_err() {
            symlink(&self.installed, &server)?;
        }
        let out = fs::File::options().create(true).append(true).open(folder.join("log.txt"))?;
        let socket = socket(&std::env::temp_dir());
        let mut command = Command::new(server.join("bin/code-server"));
        command
            .args(["--without-connection-token", "--accept-server-license-terms", "--telemetry-level=off"])
            .args(["--start-server", "--enable-remote-auto-shutdown"])
            .arg(format!("--socket-path={}", socket.display()))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            // the script waits for the server, and both have to end
            .process_group(0);
        if let Some(home) = std::env::var_os("HOME") {
            // where Microsoft's own server has it
            command.arg(format!("--server-data-dir={}/.vscode-server", home.display()));
        }
        Ok(Server { process: command.spawn()?, socket })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(group) = self.process.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGTERM);
        }
        let _ = fs::remove_file(&self.socket);
    }
}

/// As the real CLI names it, in the folder for temporary files or, where that one's name is too long, in the machine's.
fn socket(temporary: &Path) -> PathBuf {
    let name = format!("code-{}", uuid::Uuid::new_v4());
    let own = temporary.join(&name);
    if own.as_os_str().len() <= SOCKET { own } else { Path::new("/tmp").join(name) }
}
