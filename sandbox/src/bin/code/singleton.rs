//! One tunnel for a data folder: the lock, and the socket where the running one is asked.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::store::Store;

const LOCK: &str = "tunnel-stable.lock";

/// The right to be the folder's tunnel; it goes with the process.
pub struct Singleton {
    _lock: File,
    pub listener: UnixListener,
}

/// What is in the lock's file. The real one writes this as MessagePack, and its socket is a file in `/tmp`; an
/// abstract one leaves nothing behind, however it ends.
#[derive(Serialize, Deserialize)]
struct Matter {
    socket_path: String,
    pid: u32,
}

/// The singleton, or nothing if another process is it.
pub fn acquire(store: &Store) -> Result<Option<Singleton>, String> {
    let path = store.path(LOCK);
    let failed = |error: std::io::Error| format!("error accessing singleton: {error}");
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let matter = Matter { socket_path: format!("code-{}", uuid::Uuid::new_v4()), pid: std::process::id() };
    let listener = SocketAddr::from_abstract_name(&matter.socket_path)
        .and_then(|address| StdListener::bind_addr(&address))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .and_then(UnixListener::from_std)
        .map_err(failed)?;
    let text = serde_json::to_vec(&matter).map_err(|error| error.to_string())?;
    file.set_len(0).and_then(|()| file.write_all(&text)).map_err(failed)?;
    Ok(Some(Singleton { _lock: file, listener }))
}

/// Asks the running tunnel; nothing if none runs.
pub async fn call(store: &Store, method: &str) -> Result<Option<String>, String> {
    let Some(mut stream) = connect(store)? else {
        return Ok(None);
    };
    let failed = |error: std::io::Error| format!("error calling the running tunnel: {error}");
    stream.write_all(format!("{method}\n").as_bytes()).await.map_err(failed)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.map_err(failed)?;
    Ok(Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty()))
}

fn connect(store: &Store) -> Result<Option<UnixStream>, String> {
    let matter: Option<Matter> =
        fs::read(store.path(LOCK)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(matter) = matter else { return Ok(None) };
    let stream = SocketAddr::from_abstract_name(&matter.socket_path)
        .and_then(|address| StdStream::connect_addr(&address))
        .and_then(|stream| stream.set_nonblocking(true).map(|()| stream))
        .and_then(UnixStream::from_std);
    // nobody listens: the process that wrote the file is gone
    Ok(stream.ok())
}
