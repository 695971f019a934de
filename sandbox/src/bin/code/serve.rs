//! `code tunnel`: consent, sign-in, name, and a link to a relay that is not there, for as long as it may.

use std::io::IsTerminal;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::singleton::{self, Singleton};
use super::store::{PersistedTunnel, Store};
use super::{Provider, ServeArguments, log};

const LICENCE: [&str; 8] = [
    "*",
    "* Visual Studio Code Server",
    "*",
    "* By using the software, you agree to",
    "* the Visual Studio Code Server License Terms (https://aka.ms/vscode-server-license) and",
    "* the Microsoft Privacy Statement (https://privacy.microsoft.com/en-US/privacystatement).",
    "*",
    "",
];
const LOOK_EVERY: Duration = Duration::from_millis(100);
const CONNECTING_TAKES: Duration = Duration::from_millis(200);
const UNREACHABLE: &str =
    "error connecting to tunnel: connection error: failed to lookup address information";

#[derive(Clone, Serialize)]
struct Status {
    name: String,
    started_at: DateTime<Utc>,
    tunnel: &'static str,
    last_connected_at: Option<DateTime<Utc>>,
    last_disconnected_at: Option<DateTime<Utc>>,
    last_fail_reason: Option<String>,
}

enum Next {
    Exit,
    SignInAgain,
}

/// Runs the tunnel until Ctrl-C; any other signal just ends the process, as it does the real one.
pub async fn serve(store: &Store, arguments: ServeArguments) -> Result<u8, String> {
    println!("{}", LICENCE.join("\r\n"));
    let interactive =
        std::io::stdin().is_terminal() && std::env::var_os("VSCODE_CLI_NONINTERACTIVE").is_none();
    if !store.consents(arguments.accept_server_license_terms)? {
        return Err(if interactive {
            "the stand-in does not ask: run it with --accept-server-license-terms".into()
        } else {
            "Run this command again with --accept-server-license-terms to indicate your agreement.".into()
        });
    }
    let mut told = false;
    let singleton = loop {
        if let Some(singleton) = singleton::acquire(store)? {
            break singleton;
        }
        if !std::mem::replace(&mut told, true) {
            println!("Connected to an existing tunnel process running on this machine.");
            store.tunnel().iter().for_each(|tunnel| print_listening(&tunnel.name));
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = interrupted() => return Ok(0),
        }
    };
    tokio::select! {
        ended = link(store, &arguments, &singleton) => ended,
        () = terminated(store) => Ok(143),
    }
}

/// Prints the line of the device flow that the real one starts by itself.
pub fn ask_to_sign_in(provider: Provider) {
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    match provider {
        Provider::Github => println!(
            "To grant access to the server, please log into https://github.com/login/device and use code {}-{}",
            &id[..4],
            &id[4..8]
        ),
        Provider::Microsoft => println!(
            "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code \
             {} to authenticate.",
            &id[..9]
        ),
    }
}

/// Ctrl-C.
pub async fn interrupted() {
    let _ = tokio::signal::ctrl_c().await;
}

/// SIGTERM ends the real one at once, without a word; the relay learns of it much later.
async fn terminated(store: &Store) {
    let Ok(mut signals) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    loop {
        signals.recv().await;
        if !store.fault("hang") {
            return;
        }
    }
}

async fn link(store: &Store, arguments: &ServeArguments, singleton: &Singleton) -> Result<u8, String> {
    loop {
        let name = tokio::select! {
            name = connect(store, arguments) => name?,
            () = interrupted() => return Ok(1),
        };
        print_listening(&name);
        match connected(store, &name, singleton).await {
            Next::Exit => return Ok(0),
            Next::SignInAgain => {
                log("error", "access token is no longer valid, exiting: error refreshing token");
                log("warn", "ssh tunnel disposed, tearing down");
            }
        }
    }
}

/// The way to the relay. While it lasts, the real one does not answer `code tunnel status` either.
async fn connect(store: &Store, arguments: &ServeArguments) -> Result<String, String> {
    let provider = store.credential().map(|credential| credential.provider());
    if provider.is_none() || store.fault("reject-token") {
        if provider.is_some() {
            log("info", "error refreshing token: Refresh token not available, authentication is required");
        }
        ask_to_sign_in(provider.unwrap_or(Provider::Github));
        // nobody ever does
        std::future::pending::<()>().await;
    }
    if store.fault("lose-relay") {
        return Err(format!("failed to list existing tunnels: {UNREACHABLE}"));
    }
    let name = tunnel_name(store, arguments)?;
    sleep(CONNECTING_TAKES).await;
    Ok(name)
}

async fn connected(store: &Store, name: &str, singleton: &Singleton) -> Next {
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
    let mut ended = std::pin::pin!(interrupted());
    loop {
        tokio::select! {
            () = &mut ended => {
                if store.fault("hang") {
                    std::future::pending::<()>().await;
                }
                log("info", "Shutting down: Ctrl-C received");
                return Next::Exit;
            }
            Ok((stream, _)) = singleton.listener.accept() => if !store.fault("hang") && answer(stream, &status).await {
                log("info", "Shutting down: RPC client requested shutdown");
                return Next::Exit;
            },
            () = sleep(LOOK_EVERY) => {}
        }
        let connected = status.tunnel == "Connected";
        if store.fault("reject-token") {
            return Next::SignInAgain;
        }
        let lost = store.fault("lose-relay");
        if lost && (connected || Instant::now() >= again) {
            let what = if connected {
                "Tunnel exited unexpectedly, reconnecting"
            } else {
                "Error connecting to relay, will retry"
            };
            let reason = format!("{what}: {UNREACHABLE}");
            log("warn", &reason);
            failures += 1;
            again = Instant::now() + Duration::from_secs(u64::from(failures * 5).min(120));
            if connected {
                status.last_disconnected_at = Some(Utc::now());
            }
            status.tunnel = "Disconnected";
            status.last_fail_reason = Some(reason);
        } else if !lost && !connected {
            // the real one comes back without a word
            failures = 0;
            status.tunnel = "Connected";
            status.last_connected_at = Some(Utc::now());
        }
    }
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

fn tunnel_name(store: &Store, arguments: &ServeArguments) -> Result<String, String> {
    let known = store.tunnel();
    let wished = arguments.name.as_deref().map(str::to_ascii_lowercase);
    let mut name = match (wished, &known) {
        (Some(wished), _) => wished,
        (None, Some(known)) => known.name.clone(),
        (None, None) => "remote-machine".to_owned(),
    };
    if let Err(why) = valid(&name) {
        log("info", &format!("{why} is an invalid name"));
        return Err(format!("invalid name: {why}"));
    }
    if known.as_ref().is_some_and(|known| known.name == name) {
        return Ok(name);
    }
    if store.fault("name-taken") {
        log("info", &format!("{name} is already taken, using a random name instead"));
        name = "remote-machine".to_owned();
    }
    log("info", &format!("Creating tunnel with the name: {name}"));
    let id = known.map_or_else(
        || format!("quick-hill-{}", &uuid::Uuid::new_v4().simple().to_string()[..7]),
        |known| known.id,
    );
    store.save_tunnel(&PersistedTunnel { name: name.clone(), id, cluster: "euw".into() })?;
    Ok(name)
}

fn valid(name: &str) -> Result<(), &'static str> {
    if name.len() > 20 {
        return Err("Names cannot be longer than 20 characters. Please try a different name.");
    }
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(
            "Names can only contain letters, numbers, and '-'. Spaces, commas, and all other special characters \
                    are not allowed. Please try a different name.",
        );
    }
    Ok(())
}

fn print_listening(name: &str) {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    let here = std::env::current_dir().ok().filter(|here| Some(here) != home.as_ref());
    let folder = here.map(|here| here.display().to_string()).unwrap_or_default();
    println!("\nOpen this link in your browser https://vscode.dev/tunnel/{name}{folder}\n");
}
