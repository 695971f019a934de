//! Bytes between a browser and a host, as long as neither sleeps.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};
use tokio_util::sync::CancellationToken;

const PIECE: usize = 16 * 1024;

/// Until both have ended, one is broken, or the connection is cut: then the host's end is closed at once, and the
/// browser's when it wakes up.
pub async fn pass(
    browser: &mut TcpStream,
    mut host: TcpStream,
    mut asleep: watch::Receiver<bool>,
    cut: CancellationToken,
) {
    let (from_browser, to_browser) = browser.split();
    let (from_host, to_host) = host.split();
    let both = async {
        tokio::try_join!(
            one_way(from_browser, to_host, asleep.clone()),
            one_way(from_host, to_browser, asleep.clone())
        )
    };
    if cut.run_until_cancelled(both).await.is_none() {
        drop(host);
        let _ = asleep.wait_for(|asleep| !asleep).await;
    }
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut asleep: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        // what was read waits, too
        asleep.wait_for(|asleep| !asleep).await.map_err(io::Error::other)?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}
