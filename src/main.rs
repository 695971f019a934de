//! The executable: picks the command, and prints an error with its causes.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dcaas::{agent, app::App, serve};
use tracing_subscriber::EnvFilter;

/// Dev containers as a service on AKS.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the functions to the Azure Functions host that started this process.
    Serve {
        /// The port that the host expects an answer on.
        #[arg(long, env = "FUNCTIONS_CUSTOMHANDLER_PORT")]
        port: u16,
    },
    /// Runs inside a workspace, as its first process.
    Agent(agent::Arguments),
    /// Puts what a workspace needs of the platform's image into the pod.
    Install(agent::InstallArguments),
    /// Inside a workspace: asks that it is kept for a while, whatever else is seen.
    Keep(agent::KeepArguments),
    /// Inside a workspace: says what is seen of its use.
    Why(agent::WhyArguments),
}

fn main() -> ExitCode {
    // one TLS provider for everything; without this line the first https client would panic
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    debug_assert!(installed.is_ok(), "nobody installs a provider before main");
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("dcaas: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { port } => {
            let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
            // the host reads stdout line by line; a line on stderr would count as an error there
            tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
            let variables = std::env::vars().collect();
            // clients are made where they run: the cluster's needs the runtime's tasks
            tokio_runtime()?.block_on(async { serve::serve(port, App::new(&variables)).await })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Agent(arguments) => agent::run(arguments),
        Command::Install(arguments) => agent::install(arguments).map(|()| ExitCode::SUCCESS),
        Command::Keep(arguments) => agent::keep(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Why(arguments) => agent::why(&arguments).map(|()| ExitCode::SUCCESS),
    }
}

fn tokio_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
