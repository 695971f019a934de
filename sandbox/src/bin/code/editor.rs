//! An editor at the other end of the tunnel: its connections to the server, its keep-alives, and what is typed. Where the
//! world has a real server, there are real editors instead, and only the way to the relay is kept here.

use std::net::Ipv4Addr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream as StdStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::io::{BufReader, copy_bidirectional};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::Child;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::real::Real;
use super::server::{self, Message, Purpose, connection};
use super::store::Store;

/// A key in a document moves so much: the change itself, and what extensions want to know with it.
const KEY_BYTES: usize = 1000;
/// Somebody types for a moment: so many keys.
const KEYS: usize = 40;
const BETWEEN_KEYS: Duration = Duration::from_millis(20);
const SCREEN: usize = 64 * 1024;
const SERVER_WITHIN: Duration = Duration::from_secs(20);

/// The editor of the tunnel's one person.
#[derive(Default)]
pub struct Editor {
    real: Option<Arc<Real>>,
    /// Goes with the link to the relay, and with it every connection of a real editor.
    host: Mutex<Option<AbortOnDropHandle<()>>>,
    server: Mutex<Option<Server>>,
    window: Mutex<Option<Window>>,
    reachable: AtomicBool,
}

struct Server {
    process: Child,
    socket: String,
}

/// A window that is open, and what its terminal shows.
struct Window {
    management: Arc<Mutex<OwnedWriteHalf>>,
    extensions: Arc<Mutex<OwnedWriteHalf>>,
    screen: Arc<StdMutex<String>>,
    /// Its ends go with it.
    _ends: JoinSet<()>,
}

impl Editor {
    /// The one that this world has.
    pub fn of(store: &Store) -> Self {
        Self { real: Real::find(store.path("servers")).map(Arc::new), ..Self::default() }
    }

    /// The relay is reached under that name, or not any more: then the window is cut off. Unlike the real one, it does
    /// not come back by itself.
    pub async fn reach(&self, name: Option<&str>) {
        self.reachable.store(name.is_some(), Ordering::Relaxed);
        if name.is_none() {
            self.window.lock().await.take();
        }
        *self.host.lock().await = self
            .real
            .as_ref()
            .zip(name)
            .map(|(real, name)| AbortOnDropHandle::new(tokio::spawn(real.clone().host(name.to_owned()))));
    }

    /// Opens a window, if none is open.
    pub async fn open(&self, store: &Store) -> Result<(), String> {
        if self.real.is_some() {
            return Err("this workspace has a real editor: open its address in a browser".into());
        }
        if !self.reachable.load(Ordering::Relaxed) {
            return Err("the tunnel is not at its relay".into());
        }
        let mut window = self.window.lock().await;
        if window.is_none() {
            let socket = self.serve(store).await?;
            *window = Some(Window::open(&socket).await.map_err(|error| format!("no window: {error}"))?);
        }
        Ok(())
    }

    /// Types: into the terminal, with Enter, or else into a document.
    pub async fn type_in(&self, text: Option<&str>) -> Result<(), String> {
        let window = self.window.lock().await;
        let window = window.as_ref().ok_or("no window is open: open one first")?;
        window.type_in(text).await.map_err(|error| format!("the window was cut off: {error}"))
    }

    /// Closes the window; the server waits for it to come back.
    pub async fn close(&self) -> Result<(), String> {
        self.window.lock().await.take().map(|_| ()).ok_or_else(|| "no window is open".into())
    }

    /// What the window's terminal shows.
    pub async fn screen(&self) -> Result<String, String> {
        let window = self.window.lock().await;
        let window = window.as_ref().ok_or("no window is open: open one first")?;
        Ok(window.screen.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The socket of the server that runs, or of a new one.
    async fn serve(&self, store: &Store) -> Result<String, String> {
        let mut server = self.server.lock().await;
        if let Some(running) = server.as_mut()
            && matches!(running.process.try_wait(), Ok(None))
        {
            return Ok(running.socket.clone());
        }
        // the real one's is a file in /tmp; an abstract one leaves nothing behind, however it ends
        let socket = format!("@code-{}", uuid::Uuid::new_v4());
        let root = store.path("servers/Stable-0000000000000000000000000000000000000000/server");
        let process = server::start(&root, &socket).map_err(|error| format!("no server: {error}"))?;
        *server = Some(Server { process, socket: socket.clone() });
        Ok(socket)
    }
}

impl Window {
    async fn open(socket: &str) -> std::io::Result<Self> {
        let mut ends = JoinSet::new();
        let screen = Arc::default();
        let management = connect(socket, Purpose::Management, &screen, &mut ends).await?;
        let extensions = connect(socket, Purpose::ExtensionHost, &screen, &mut ends).await?;
        Ok(Self { management, extensions, screen, _ends: ends })
    }

    async fn type_in(&self, text: Option<&str>) -> std::io::Result<()> {
        match text {
            Some(text) => {
                for key in text.chars().chain(['\r']) {
                    let key = Message::Input(key.to_string());
                    connection::write(&mut *self.management.lock().await, &key).await?;
                    sleep(BETWEEN_KEYS).await;
                }
            }
            None => {
                for _ in 0..KEYS {
                    let change = Message::Change("x".repeat(KEY_BYTES));
                    connection::write(&mut *self.extensions.lock().await, &change).await?;
                    sleep(BETWEEN_KEYS).await;
                }
            }
        }
        Ok(())
    }
}

/// A connection that is read and kept alive until the window goes.
async fn connect(
    socket: &str,
    purpose: Purpose,
    screen: &Arc<StdMutex<String>>,
    ends: &mut JoinSet<()>,
) -> std::io::Result<Arc<Mutex<OwnedWriteHalf>>> {
    let (from, mut to) = over_tcp(reach(socket).await?, ends).await?.into_split();
    connection::write(&mut to, &purpose).await?;
    let to = Arc::new(Mutex::new(to));
    let (beats, screen) = (to.clone(), screen.clone());
    ends.spawn(async move {
        let mut from = BufReader::new(from);
        while let Ok(Some(message)) = connection::read::<Message>(&mut from).await {
            if let Message::Output(text) = message {
                let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
                screen.push_str(&text);
                let more = screen.len().saturating_sub(SCREEN);
                let more = screen.ceil_char_boundary(more);
                screen.drain(..more);
            }
        }
    });
    ends.spawn(async move {
        let mut again = interval(server::KEEP_ALIVE);
        loop {
            again.tick().await;
            if connection::write(&mut *beats.lock().await, &Message::KeepAlive).await.is_err() {
                return;
            }
        }
    });
    Ok(to)
}

/// The way to a server as over a relay: what an editor sends comes in on a connection of this process'.
async fn over_tcp(mut server: UnixStream, ends: &mut JoinSet<()>) -> std::io::Result<TcpStream> {
    let relay = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let editor = TcpStream::connect(relay.local_addr()?).await?;
    let (mut tunnel, _) = relay.accept().await?;
    ends.spawn(async move {
        // whichever goes first, the other's end is closed
        let _ = copy_bidirectional(&mut tunnel, &mut server).await;
    });
    Ok(editor)
}

/// A server that was only just started listens a moment later.
async fn reach(socket: &str) -> std::io::Result<UnixStream> {
    let address = SocketAddr::from_abstract_name(socket.trim_start_matches('@'))?;
    let end = Instant::now() + SERVER_WITHIN;
    loop {
        match StdStream::connect_addr(&address) {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                return UnixStream::from_std(stream);
            }
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => sleep(BETWEEN_KEYS).await,
        }
    }
}
