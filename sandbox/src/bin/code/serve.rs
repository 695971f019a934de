//! `code tunnel`: consent, the right to run here, sign-in and name, then the link until Ctrl-C.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::editor::Editor;
use super::relay::{LOOK_EVERY, Next, RELAY, connected, unreachable};
use super::singleton::{self, Singleton};
use super::store::{PersistedTunnel, Store};
use super::{Provider, ServeArguments, door, log};

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
/// The name of a machine whose host name does not do.
const PLACEHOLDER: &str = "remote-machine";
const CONNECTING_TAKES: Duration = Duration::from_millis(200);

/// Runs the tunnel until Ctrl-C; any other signal just ends the process, as it does the real one.
pub async fn serve(store: &Arc<Store>, arguments: ServeArguments) -> Result<u8, String> {
    let interrupted = interruption()?;
    let terminations = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
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
            () = interrupted.cancelled() => return Ok(0),
        }
    };
    let editor = Arc::new(Editor::of(store));
    tokio::select! {
        ended = link(store, &arguments, &singleton, &interrupted, &editor) => ended,
        ended = door::open(store.clone(), editor.clone()) => ended.map(|()| 1),
        () = terminated(store, terminations) => Ok(143),
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

/// Cancelled by Ctrl-C, from now on.
pub fn interruption() -> Result<CancellationToken, String> {
    let interrupted = CancellationToken::new();
    let mut signals = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let cancelled = interrupted.clone();
    tokio::spawn(async move {
        signals.recv().await;
        cancelled.cancel();
    });
    Ok(interrupted)
}

/// SIGTERM ends the real one at once, without a word; the relay learns of it much later.
async fn terminated(store: &Store, mut signals: Signal) {
    loop {
        signals.recv().await;
        if !store.fault("hang") {
            return;
        }
    }
}

async fn link(
    store: &Store,
    arguments: &ServeArguments,
    singleton: &Singleton,
    interrupted: &CancellationToken,
    editor: &Editor,
) -> Result<u8, String> {
    loop {
        let name = tokio::select! {
            name = connect(store, arguments) => name?,
            () = interrupted.cancelled() => return Ok(1),
        };
        print_listening(&name);
        let next = connected(store, &name, singleton, interrupted, editor).await;
        editor.reach(None).await;
        match next {
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
    let credential = store.credential();
    if credential.as_ref().is_none_or(|credential| store.rejects(credential)) {
        if credential.is_some() {
            let answer = r#"401 {"message":"Bad credentials","status":"401"}"#;
            log(
                "info",
                &format!("error refreshing token: error requesting https://api.github.com/user: {answer}"),
            );
        }
        ask_to_sign_in(credential.map_or(Provider::Github, |credential| credential.provider()));
        // nobody ever does
        std::future::pending::<()>().await;
    }
    let persisted = store.tunnel();
    if store.fault("lose-relay") {
        log("warn", &format!("failed to check Github token: {}", unreachable("api.github.com/user")));
        let what =
            if persisted.is_some() { "failed to lookup tunnel" } else { "error listing current tunnels" };
        return Err(format!("{what}: connection error: {}", unreachable(RELAY)));
    }
    let name = tunnel_name(store, arguments, persisted)?;
    sleep(CONNECTING_TAKES).await;
    Ok(name)
}

/// `start_new_launcher_tunnel` in the real one's `dev_tunnels.rs`: a name is looked for in the account only if no
/// tunnel is kept; one that is kept is renamed without asking, and made anew if the service has it no more.
fn tunnel_name(
    store: &Store,
    arguments: &ServeArguments,
    persisted: Option<PersistedTunnel>,
) -> Result<String, String> {
    let wished = arguments.name.as_deref().map(str::to_ascii_lowercase);
    let Some(mut tunnel) = persisted else {
        return create(store, &free_name(store, wished)?, false);
    };
    let name = wished.unwrap_or_else(|| tunnel.name.clone());
    if store.lost_tunnel() {
        return create(store, &name, true);
    }
    if tunnel.name != name {
        tunnel.name.clone_from(&name);
        store.save_tunnel(&tunnel)?;
    }
    Ok(name)
}

fn free_name(store: &Store, wished: Option<String>) -> Result<String, String> {
    let Some(name) = wished else { return Ok(PLACEHOLDER.to_owned()) };
    if let Err(why) = valid(&name) {
        log("info", &format!("{why} is an invalid name"));
        return Err(format!("invalid name: {why}"));
    }
    if !store.fault("name-taken") {
        return Ok(name);
    }
    log("info", &format!("{name} is already taken, using a random name instead"));
    Ok(PLACEHOLDER.to_owned())
}

fn create(store: &Store, name: &str, again: bool) -> Result<String, String> {
    log("info", &format!("Creating tunnel with the name: {name}"));
    if again && store.fault("name-taken") {
        return Err(format!(
            "A tunnel with the name {name} exists and is in-use. Please pick a different name or stop the existing \
             tunnel."
        ));
    }
    if store.fault("too-many-tunnels") {
        let detail = "The limit TunnelsPerUserPerLocation was reached: 10.";
        return Err(format!("Could not create tunnel with name: {name}\nReason: {detail}"));
    }
    let id = format!("quick-hill-{}", &uuid::Uuid::new_v4().simple().to_string()[..7]);
    store.save_tunnel(&PersistedTunnel { name: name.to_owned(), id, cluster: "euw".into() })?;
    Ok(name.to_owned())
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
