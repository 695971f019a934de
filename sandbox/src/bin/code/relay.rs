//! The link to a relay that is not there: connected until a fault says otherwise, and what is answered about it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::editor::Editor;
use super::log;
use super::singleton::Singleton;
use super::store::Store;

/// Faults are looked for so often.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Where the tunnels' service of the account is.
pub const RELAY: &str = "euw.rel.tunnels.api.visualstudio.com/tunnels";
/// The wait before the next try grows by so much with each, …
const BACKOFF: Duration = Duration::from_secs(5);
/// … to so much.
const LONGEST: Duration = Duration::from_secs(120);

/// What the CLI says of a place that it does not reach.
pub fn unreachable(place: &str) -> String {
    format!(
        "error sending request for url (https://{place}): dns error: failed to lookup address information"
    )
}

#[derive(Clone, Serialize)]
struct Status {
    name: String,
    started_at: DateTime<Utc>,
    tunnel: &'static str,
    last_connected_at: Option<DateTime<Utc>>,
    last_disconnected_at: Option<DateTime<Utc>>,
    last_fail_reason: Option<String>,
}

/// What comes after the link.
pub enum Next {
    Exit,
    SignInAgain,
}

/// The link from its first connection on.
pub async fn connected(
    store: &Store,
    name: &str,
    singleton: &Singleton,
    interrupted: &CancellationToken,
    editor: &Editor,
) -> Next {
    editor.reach(Some(name)).await;
    let now = Utc::now();
    let mut status = Status {
        name: name.to_owned(),
        started_at: now,
        tunnel: "Connected",
        last_connected_at: Some(now),
        last_disconnected_at: None,
        last_fail_reason: None,
    };
    let mut failures: u32 = 0;
    let mut again = Instant::now();
    let mut unanswered = Vec::new();
    loop {
        tokio::select! {
            () = interrupted.cancelled() => {
                if store.fault("hang") {
                    std::future::pending::<()>().await;
                }
                log("info", "Shutting down: Ctrl-C received");
                return Next::Exit;
            }
            Ok((stream, _)) = singleton.listener.accept() => if store.fault("hang") {
                unanswered.push(stream);
            } else if answer(stream, &status).await {
                log("info", "Shutting down: RPC client requested shutdown");
                return Next::Exit;
            },
            () = sleep(LOOK_EVERY) => {}
        }
        if store.fault("reject-token")
            && store.credential().is_some_and(|credential| store.rejects(&credential))
        {
            return Next::SignInAgain;
        }
        let Some(cause) = cause(store) else {
            if status.tunnel != "Connected" && Instant::now() >= again {
                // the real one comes back without a word
                failures = 0;
                status.tunnel = "Connected";
                editor.reach(Some(name)).await;
                status.last_connected_at = Some(Utc::now());
            }
            continue;
        };
        let reason = if status.tunnel == "Connected" {
            status.last_disconnected_at = Some(Utc::now());
            "Tunnel exited unexpectedly, reconnecting: error from tunnel connection: the tunnel relay was \
             disconnected: Connection reset by peer"
                .to_owned()
        } else if Instant::now() >= again {
            format!(
                "Error refreshing access token, will retry: failed to lookup tunnel for host token: {cause}"
            )
        } else {
            continue;
        };
        log("warn", &reason);
        failures += 1;
        again = Instant::now() + (BACKOFF * failures).min(LONGEST);
        status.tunnel = "Disconnected";
        editor.reach(None).await;
        status.last_fail_reason = Some(reason);
    }
}

/// Why the relay is not to be had.
fn cause(store: &Store) -> Option<String> {
    if store.fault("lose-relay") {
        return Some(format!("connection error: {}", unreachable(RELAY)));
    }
    let answer = || {
        format!(
            "response error: HTTP status 401 Unauthorized from https://{RELAY} (request ID <none>): Bad credentials"
        )
    };
    store.fault_since("go-dark", store.opened).then(answer)
}

/// Answers one question; true if it was to shut down.
async fn answer(stream: UnixStream, status: &Status) -> bool {
    let (read, mut write) = stream.into_split();
    let mut method = String::new();
    let asked =
        tokio::time::timeout(Duration::from_secs(1), BufReader::new(read).read_line(&mut method)).await;
    let answer = match (asked, method.trim()) {
        (Ok(Ok(_)), "status") => serde_json::to_string(status).unwrap_or_default(),
        (Ok(Ok(_)), "shutdown") => "null".to_owned(),
        _ => return false,
    };
    let _ = write.write_all(format!("{answer}\n").as_bytes()).await;
    method.trim() == "shutdown"
}
