//! A stand-in of the VS Code CLI: the verbs, outputs, files and exit codes of the real one's tunnels, no relay. An
//! editor can be played at the other end (`door.rs`), for which it starts a server like the real one's (`server/`). Where
//! the world has a relay and a real server, it connects there and starts that one (`real.rs`).
//!
//! Files in its data folder are faults, which can come and go while it runs:
//! - `lose-relay`: the relay is not reached;
//! - `go-dark`: a tunnel older than the file loses its relay for good, with 401 for an answer; one that is started
//!   after it is well;
//! - `reject-token`: the sign-in is not accepted; with text in it, only a token that is this text is not;
//! - `name-taken`: another machine of the account has the name;
//! - `too-many-tunnels`: the account may not have another one;
//! - `lose-tunnel`: the service has deleted the tunnel that is older than the file;
//! - `hang`: no answer to anything, and only SIGKILL ends it.

mod door;
mod editor;
mod real;
mod relay;
mod serve;
mod server;
mod singleton;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};

use store::{Credential, Store};

#[derive(Parser)]
#[command(
    name = "code",
    version = "1.118.0 (commit 0000000000000000000000000000000000000000)",
    subcommand_required = true
)]
struct Arguments {
    /// Directory where CLI metadata should be stored
    #[arg(long, global = true, env = "VSCODE_CLI_DATA_DIR")]
    cli_data_dir: Option<PathBuf>,
    /// Print verbose output (implies --wait)
    #[arg(long, global = true)]
    verbose: bool,
    /// Log level to use
    #[arg(long, global = true)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a tunnel that's accessible on vscode.dev from anywhere
    Tunnel(Box<Tunnel>),
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
struct Tunnel {
    #[command(subcommand)]
    command: Option<TunnelCommand>,
    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Args)]
struct ServeArguments {
    /// If set, the user accepts the server license terms and the server will be started without a user prompt
    #[arg(long)]
    accept_server_license_terms: bool,
    /// Sets the machine name for port forwarding service
    #[arg(long, conflicts_with = "random_name")]
    name: Option<String>,
    /// Randomly name machine for port forwarding service
    #[arg(long)]
    random_name: bool,
    /// Prevents the machine going to sleep while this command runs
    #[arg(long)]
    no_sleep: bool,
    #[arg(long)]
    parent_process_id: Option<u32>,
    #[arg(long)]
    server_data_dir: Option<PathBuf>,
    #[arg(long)]
    extensions_dir: Option<PathBuf>,
    #[arg(long)]
    install_extension: Vec<String>,
}

#[derive(Subcommand)]
enum TunnelCommand {
    /// Manage the signed in user
    #[command(subcommand)]
    User(User),
    /// Stops any running tunnel on the system
    Kill,
    /// Gets whether there is a tunnel running on the current machine
    Status,
    /// Remove this machine's association with the port forwarding service
    Unregister,
}

#[derive(Subcommand)]
enum User {
    /// Log in to port forwarding service
    Login(Login),
    /// Log out of port forwarding service
    Logout,
    /// Show the account that's logged into port forwarding service
    Show,
}

#[derive(Args)]
struct Login {
    /// An access token to store for authentication
    #[arg(long, requires = "provider", env = "VSCODE_CLI_ACCESS_TOKEN", hide_env_values = true)]
    access_token: Option<String>,
    /// A refresh token to store for authentication
    #[arg(long, requires = "access_token", env = "VSCODE_CLI_REFRESH_TOKEN", hide_env_values = true)]
    refresh_token: Option<String>,
    /// The auth provider to use
    #[arg(long, value_enum, ignore_case = true)]
    provider: Option<Provider>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Provider {
    Microsoft,
    Github,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match server::Part::of(&words) {
        Some(part) => part.run().await,
        None => run(Arguments::parse()).await,
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            log("error", &error);
            ExitCode::from(1)
        }
    }
}

async fn run(arguments: Arguments) -> Result<u8, String> {
    let store = Arc::new(Store::open(arguments.cli_data_dir)?);
    let Command::Tunnel(tunnel) = arguments.command;
    match tunnel.command {
        None => serve::serve(&store, tunnel.serve).await,
        Some(TunnelCommand::User(User::Login(login))) => sign_in(&store, login).await,
        Some(TunnelCommand::User(User::Logout)) => store.save_credential(None).map(|()| 0),
        Some(TunnelCommand::User(User::Show)) => {
            let signed_in = store.credential().is_some();
            println!("{}", if signed_in { "logged in" } else { "not logged in" });
            Ok(u8::from(!signed_in))
        }
        Some(TunnelCommand::Status) => {
            let tunnel = singleton::call(&store, "status").await?;
            let answer = tunnel.unwrap_or_else(|| "null".into());
            println!("{{\"tunnel\":{answer},\"service_installed\":false}}");
            Ok(0)
        }
        Some(TunnelCommand::Kill) => match singleton::call(&store, "shutdown").await? {
            Some(_) => Ok(0),
            None => Err("No running tunnel found".into()),
        },
        Some(TunnelCommand::Unregister) => store.forget_tunnel().map(|()| 0),
    }
}

async fn sign_in(store: &Store, login: Login) -> Result<u8, String> {
    match (login.provider, login.access_token) {
        (Some(provider), Some(token)) => {
            let credential = Credential::new(provider, token, login.refresh_token);
            store.save_credential(Some(&credential))?;
            Ok(0)
        }
        (provider, _) => {
            let interrupted = serve::interruption()?;
            serve::ask_to_sign_in(provider.unwrap_or(Provider::Github));
            interrupted.cancelled().await;
            Ok(1)
        }
    }
}

/// A line as the CLI logs it, on stdout.
fn log(level: &str, text: &str) {
    println!("[{}] {level} {text}", chrono::Local::now().format("%Y-%m-%d %H:%M:%S"));
}
