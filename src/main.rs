//! The executable: picks the command, and prints an error with its causes.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use dcaas::{agent, app::App, cli, serve};
use tracing_subscriber::EnvFilter;

/// Dev containers as a service on AKS.
#[derive(Parser)]
#[command(version, after_help = cli::AFTER_HELP)]
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
    /// Keeps a workspace for a while, whether it is used or not.
    #[command(after_help = "Examples:\n  dcaas keep 3h\n  dcaas keep 90min")]
    Keep {
        #[command(flatten)]
        inside: agent::KeepArguments,
        #[command(flatten)]
        common: cli::Common,
    },
    /// Says why a workspace still runs, and what is seen of its use.
    Why {
        #[command(flatten)]
        inside: agent::WhyArguments,
        #[command(flatten)]
        common: cli::Common,
    },
    /// Writes what a shell needs to complete these commands.
    #[command(
        after_help = "Example:\n  dcaas completions bash > ~/.local/share/bash-completion/completions/dcaas"
    )]
    Completions { shell: clap_complete::Shell },
    #[command(flatten)]
    Client(cli::Command),
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
        // in a workspace the agent is asked, which needs no sign-in; elsewhere dcaas is
        Command::Keep { inside, .. } if inside.is_inside() => {
            agent::keep(&inside).map(|()| ExitCode::SUCCESS)
        }
        Command::Why { inside, .. } if inside.is_inside() => agent::why(&inside).map(|()| ExitCode::SUCCESS),
        Command::Keep { inside, common } => client(cli::Command::Keep { time: inside.time(), common }),
        Command::Why { common, .. } => client(cli::Command::Why(common)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "dcaas", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Client(command) => client(command),
    }
}

fn client(command: cli::Command) -> anyhow::Result<ExitCode> {
    Ok(tokio_runtime()?.block_on(cli::run(command)))
}

fn tokio_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
