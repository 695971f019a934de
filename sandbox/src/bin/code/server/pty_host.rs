//! The pty host: a shell in a terminal of its own, which outlives the editor's window for a while.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};

use super::{Message, connection};

/// Until its input or the shell ends.
pub async fn run() -> io::Result<()> {
    let (pty, inside) = pty_process::open().map_err(io::Error::other)?;
    let shell = std::env::var("SHELL").ok().filter(|shell| !shell.is_empty());
    let shell = shell.unwrap_or_else(|| "/bin/sh".to_owned());
    let command =
        pty_process::Command::new(&shell).arg("-i").env("TERM", "xterm-256color").kill_on_drop(true);
    let mut shell = command.spawn(inside).map_err(io::Error::other)?;
    let (mut screen, mut keyboard) = pty.into_split();
    let shows = async {
        let (mut to, mut piece) = (connection::output()?, vec![0; 4096]);
        // a terminal whose shell is gone answers with an error
        while let Ok(length @ 1..) = screen.read(&mut piece).await {
            let text = String::from_utf8_lossy(&piece[..length]).into_owned();
            connection::write(&mut to, &Message::Output(text)).await?;
        }
        Ok::<_, io::Error>(())
    };
    let types = async {
        let mut from = BufReader::new(connection::input()?);
        while let Some(message) = connection::read::<Message>(&mut from).await? {
            if let Message::Input(keys) = message {
                keyboard.write_all(keys.as_bytes()).await?;
            }
        }
        Ok::<_, io::Error>(())
    };
    tokio::select! {
        ended = shows => ended,
        ended = types => ended,
        ended = shell.wait() => ended.map(|_| ()),
    }
}
