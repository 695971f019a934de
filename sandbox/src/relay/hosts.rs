//! The hosts of tunnels: one connection that stays, and one for each browser.

use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Inner, Tunnel, lock};

/// A first line is this long at most.
const LINE: u64 = 4096;
const WAITING: usize = 64;

/// The first line of a host's connection.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Hello {
    /// A tunnel is there, with the folder that it opens.
    Host { name: String, home: String },
    /// It comes for a browser.
    Take { visit: Uuid },
}

impl Inner {
    pub(super) async fn host(&self, mut stream: TcpStream) {
        // byte by byte: what follows may be somebody else's
        let mut line = Vec::new();
        while line.len() < usize::try_from(LINE).unwrap_or(usize::MAX) {
            match stream.read_u8().await {
                Ok(b'\n') => break,
                Ok(byte) => line.push(byte),
                Err(_) => return,
            }
        }
        match serde_json::from_slice(&line) {
            Ok(Hello::Host { name, home }) => self.stay(name, home, stream).await,
            Ok(Hello::Take { visit }) => {
                let browser = lock(&self.waiting).remove(&visit);
                // who waits no longer needs nobody
                browser.map(|browser| browser.send(stream));
            }
            Err(why) => self.oddities.remember(format!(
                "the relay does not understand a host that says `{}`: {why}",
                String::from_utf8_lossy(&line)
            )),
        }
    }

    /// Tells a host of browsers, until it goes. A new one of the same name takes its place.
    async fn stay(&self, name: String, home: String, stream: TcpStream) {
        let (tell, mut told) = mpsc::channel(WAITING);
        let tunnel = Arc::new(Tunnel {
            home,
            tell,
            asleep: watch::channel(false).0,
            cut: Mutex::default(),
            gone: CancellationToken::new(),
        });
        if let Some(before) = lock(&self.tunnels).insert(name.clone(), tunnel.clone()) {
            before.gone.cancel();
        }
        let (from, mut to) = stream.into_split();
        let mut from = BufReader::new(from).take(LINE);
        let (tells, mut said) = (
            async {
                while let Some(visit) = told.recv().await {
                    if to.write_all(format!("{}\n", json!({ "visit": visit })).as_bytes()).await.is_err() {
                        return;
                    }
                }
            },
            String::new(),
        );
        tokio::select! {
            () = tells => {}
            () = tunnel.gone.cancelled() => {}
            // it has nothing more to say, so this is its end
            _ = from.read_line(&mut said) => if !said.is_empty() {
                self.oddities.remember(format!("the relay does not understand that {name} says `{said}`"));
            },
        }
        tunnel.gone.cancel();
        let mut tunnels = lock(&self.tunnels);
        if tunnels.get(&name).is_some_and(|there| Arc::ptr_eq(there, &tunnel)) {
            tunnels.remove(&name);
        }
    }
}
