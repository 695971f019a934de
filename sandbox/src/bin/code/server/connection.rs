//! Messages as lines, over sockets and pipes.

use std::io;
use std::os::fd::AsFd;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};

/// What this part is told by the process that started it.
pub fn input() -> io::Result<Receiver> {
    Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)
}

/// What it says to that process.
pub fn output() -> io::Result<Sender> {
    Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)
}

/// The next one; none at the end.
pub async fn read<T: DeserializeOwned>(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<T>> {
    let mut line = String::new();
    if from.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    serde_json::from_str(&line).map(Some).map_err(io::Error::other)
}

/// Sends one.
pub async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl serde::Serialize) -> io::Result<()> {
    let line = serde_json::to_string(message).map_err(io::Error::other)? + "\n";
    to.write_all(line.as_bytes()).await?;
    to.flush().await
}
