//! The server: takes an editor's connections, and has a part for each thing that they are for.
//!
//! What it keeps after the last editor has gone is what matters here: the real one waits three hours for it to come
//! back, or five minutes after it was closed, and then ends by itself.

use std::collections::VecDeque;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{Mutex as AsyncMutex, broadcast, watch};
use tokio::time::sleep;

use super::{Message, Purpose, connection, fork, root, to_the_end};

/// An editor that went away is waited for so long.
const LINGER: Duration = Duration::from_secs(30);
/// The real one's interval too.
pub const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// So much of a terminal is shown to an editor that comes back.
const REPLAYED: usize = 64 * 1024;
const WAITING: usize = 1024;

/// A part, and what it says.
struct Running {
    _process: Child,
    input: AsyncMutex<ChildStdin>,
    says: broadcast::Sender<String>,
    /// What it said so far, as much as is replayed.
    said: Arc<Mutex<VecDeque<char>>>,
}

/// Until its input ends, or nobody came back.
pub async fn run(socket: &str) -> io::Result<()> {
    let name = socket.trim_start_matches('@');
    let listener = StdListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let watcher = fork(&root(), &["--type=fileWatcher"])?;
    let terminals = Arc::new(Running::start(&["--type=ptyHost", "--logsLevel=2"])?);
    let extensions =
        Arc::new(Running::start(&["--type=extensionHost", "--transformURIs", "--useHostProxy=false"])?);
    let (open, mut connections) = watch::channel(0_usize);
    let takes = async {
        loop {
            let (stream, _) = match listener.accept().await {
                Ok(taken) => taken,
                Err(error) => return Err(error),
            };
            let (terminals, extensions, open) = (terminals.clone(), extensions.clone(), open.clone());
            tokio::spawn(async move {
                open.send_modify(|count| *count += 1);
                let _ = serve(stream, &terminals, &extensions).await;
                open.send_modify(|count| *count -= 1);
            });
        }
    };
    let nobody = async {
        loop {
            let away = *connections.borrow_and_update() == 0;
            tokio::select! {
                _ = connections.changed() => {}
                () = sleep(LINGER), if away => return,
            }
        }
    };
    let ended = tokio::select! {
        ended = takes => ended,
        () = nobody => Ok(()),
        ended = to_the_end() => ended,
    };
    drop(watcher);
    ended
}

async fn serve(stream: UnixStream, terminals: &Running, extensions: &Running) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    let Some(purpose) = connection::read::<Purpose>(&mut from).await? else { return Ok(()) };
    let part = if purpose == Purpose::Management { terminals } else { extensions };
    let (said, mut says) = part.listen();
    if purpose == Purpose::Management && !said.is_empty() {
        connection::write(&mut to, &Message::Output(said)).await?;
    }
    let hears = async {
        while let Some(message) = connection::read::<Message>(&mut from).await? {
            if !matches!(message, Message::KeepAlive) {
                connection::write(&mut *part.input.lock().await, &message).await?;
            }
        }
        Ok::<_, io::Error>(())
    };
    tokio::select! {
        ended = hears => ended,
        ended = speak(&mut to, &mut says, purpose) => ended,
    }
}

async fn speak(
    to: &mut OwnedWriteHalf,
    says: &mut broadcast::Receiver<String>,
    purpose: Purpose,
) -> io::Result<()> {
    loop {
        let message = tokio::select! {
            said = says.recv() => match said {
                Ok(text) if purpose == Purpose::Management => Message::Output(text),
                Ok(text) => Message::Change(text),
                Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            () = sleep(KEEP_ALIVE) => Message::KeepAlive,
        };
        connection::write(to, &message).await?;
    }
}

impl Running {
    fn start(flags: &[&str]) -> io::Result<Self> {
        let mut process = fork(&root(), flags)?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("a part without pipes"));
        };
        let (says, _) = broadcast::channel(WAITING);
        let said = Arc::default();
        tokio::spawn(pass(output, says.clone(), Arc::clone(&said)));
        Ok(Self { _process: process, input: AsyncMutex::new(input), says, said })
    }

    /// What it said so far, and what it says from now on.
    fn listen(&self) -> (String, broadcast::Receiver<String>) {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        (said.iter().collect(), self.says.subscribe())
    }
}

async fn pass(output: ChildStdout, says: broadcast::Sender<String>, said: Arc<Mutex<VecDeque<char>>>) {
    let mut output = BufReader::new(output);
    while let Ok(Some(message)) = connection::read::<Message>(&mut output).await {
        let (Message::Output(text) | Message::Change(text)) = message else { continue };
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend(text.chars());
        let more = said.len().saturating_sub(REPLAYED);
        said.drain(..more);
        // nobody listens: it is shown to whoever comes
        let _ = says.send(text);
    }
}
