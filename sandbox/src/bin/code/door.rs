//! Where the world plays the person: what is done at the other end of the tunnel, and inside of the workspace.
//!
//! One line of JSON asks, one answers. The file `door` in the data folder names the socket.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio::time::timeout;

use super::editor::Editor;
use super::store::Store;

const FILE: &str = "door";
/// What a command's own children still write when it has ended is not waited for any longer.
const LAST_WORDS: Duration = Duration::from_millis(300);
const OUTPUT: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Ask {
    Open {},
    Type { text: Option<String> },
    Close {},
    Screen {},
    Exec { command: Vec<String> },
}

/// Answers for ever.
///
/// # Errors
/// When it can not begin to.
pub async fn open(store: Arc<Store>, editor: Arc<Editor>) -> Result<(), String> {
    let name = format!("code-door-{}", uuid::Uuid::new_v4());
    let listener = SocketAddr::from_abstract_name(&name)
        .and_then(|address| StdListener::bind_addr(&address))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .and_then(UnixListener::from_std)
        .and_then(|listener| std::fs::write(store.path(FILE), &name).map(|()| listener))
        .map_err(|error| format!("the world has no way in: {error}"))?;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(answer(stream, store.clone(), editor.clone()));
    }
}

async fn answer(stream: UnixStream, store: Arc<Store>, editor: Arc<Editor>) {
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    if BufReader::new(from).read_line(&mut line).await.is_err() {
        return;
    }
    let done = match serde_json::from_str(&line) {
        Ok(ask) => act(ask, &store, &editor).await,
        Err(error) => Err(format!("this can not be asked: {error}")),
    };
    let answer = done.unwrap_or_else(|why| json!({ "error": why }));
    let _ = to.write_all(format!("{answer}\n").as_bytes()).await;
}

async fn act(ask: Ask, store: &Store, editor: &Editor) -> Result<Value, String> {
    match ask {
        Ask::Open {} => editor.open(store).await?,
        Ask::Type { text } => editor.type_in(text.as_deref()).await?,
        Ask::Close {} => editor.close().await?,
        Ask::Screen {} => return Ok(json!({ "screen": editor.screen().await? })),
        Ask::Exec { command } => return exec(&command).await,
    }
    Ok(json!({}))
}

/// Runs a command beside the tunnel; what it leaves running belongs to the workspace from then on.
async fn exec(words: &[String]) -> Result<Value, String> {
    let (program, arguments) = words.split_first().ok_or("say what to run")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(home) = std::env::var_os("HOME") {
        command.current_dir(home);
    }
    let mut child = command.spawn().map_err(|error| format!("`{program}` can not be started: {error}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = (collect(out), collect(err));
    let status = child.wait().await.map_err(|error| error.to_string())?;
    let (out, err) = (last(out).await, last(err).await);
    Ok(json!({ "status": status.code().unwrap_or(-1), "stdout": out, "stderr": err }))
}

type Collected = Arc<Mutex<Vec<u8>>>;

/// Reads to the end, as much as is kept, while others may look at what came so far.
fn collect(
    pipe: Option<impl AsyncRead + Unpin + Send + 'static>,
) -> (Collected, tokio::task::JoinHandle<()>) {
    let collected = Collected::default();
    let into = collected.clone();
    let reads = tokio::spawn(async move {
        let Some(mut pipe) = pipe else { return };
        let mut piece = vec![0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut piece).await {
            let mut collected = into.lock().unwrap_or_else(PoisonError::into_inner);
            let length = length.min(OUTPUT - collected.len().min(OUTPUT));
            collected.extend_from_slice(&piece[..length]);
        }
    });
    (collected, reads)
}

async fn last((collected, reads): (Collected, tokio::task::JoinHandle<()>)) -> String {
    let _ = timeout(LAST_WORDS, reads).await;
    String::from_utf8_lossy(&collected.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
