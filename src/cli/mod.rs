//! The command line for people and their programs: a client of the public API and nothing else.

mod access;
mod client;
mod fault;
mod kept;
mod log;
mod progress;
mod seen;
mod show;
mod table;
mod verbs;

use std::{process::ExitCode, time::Duration};

use fault::Fault;

/// What stands below the help of `dcaas`.
pub const AFTER_HELP: &str = "\
The whole morning:
  dcaas login --url https://dcaas.azurewebsites.net
  dcaas start --wait --open

A token is taken from DCAAS_TOKEN, from `dcaas login`, or from the Azure CLI (`az login`), in this order.

Exit codes:
  0  it is so
  1  something unexpected
  2  the command line can not be read
  3  you are not signed in, or your token does not count
  4  it is refused: you may not, or it can not be asked for so
  5  the workspace is not in a state for it, or it failed
  6  dcaas, or what it needs, does not answer now: try again
  7  the wait was over before it was so";

/// A client's command.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Signs you in by a code that you enter in a browser, and keeps that.
    #[command(after_help = "Example:\n  dcaas login --url https://dcaas.azurewebsites.net")]
    Login {
        #[command(flatten)]
        common: Common,
    },
    /// Starts your workspace; if you have to sign in to the tunnel first, it shows a code.
    #[command(after_help = "Examples:\n  dcaas start --wait --open\n  dcaas start --profile a100 --wait")]
    Start {
        /// The size; a name that is none is answered with those that there are.
        #[arg(long)]
        profile: Option<String>,
        /// Another image than the profile's.
        #[arg(long)]
        image: Option<String>,
        /// Whom to sign in to the tunnel with: github or microsoft.
        #[arg(long)]
        provider: Option<String>,
        #[command(flatten)]
        wait: Wait,
        /// Open it in the browser as soon as it runs; waits for that.
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Stops your workspace; home and data are kept.
    #[command(after_help = "Example:\n  dcaas stop --wait")]
    Stop {
        #[command(flatten)]
        wait: Wait,
        #[command(flatten)]
        common: Common,
    },
    /// Says where your workspace stands.
    #[command(after_help = "Examples:\n  dcaas status\n  dcaas status --output json")]
    Status {
        #[command(flatten)]
        common: Common,
    },
    /// Shows what your workspace prints.
    #[command(after_help = "Examples:\n  dcaas logs --tail 50\n  dcaas logs --follow")]
    Logs {
        /// How many of the last lines.
        #[arg(long, default_value_t = 200)]
        tail: u32,
        /// Go on with what comes, until the workspace stops.
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Opens your workspace in the browser, or in VS Code.
    #[command(after_help = "Examples:\n  dcaas open\n  dcaas open --desktop")]
    Open {
        /// In VS Code on this machine.
        #[arg(long)]
        desktop: bool,
        #[command(flatten)]
        common: Common,
    },
    /// For admins: everybody's workspaces.
    #[command(after_help = "Example:\n  dcaas workspaces")]
    Workspaces {
        #[command(flatten)]
        common: Common,
    },
    /// Tells hours and cost of a month.
    #[command(
        after_help = "Examples:\n  dcaas usage\n  dcaas usage --month 2026-11 --all --csv > november.csv"
    )]
    Usage {
        /// The month, as 2026-11; this one if none is named.
        #[arg(long)]
        month: Option<String>,
        /// For admins: everybody.
        #[arg(long, conflicts_with = "member")]
        all: bool,
        /// As a table of comma-separated values.
        #[arg(long, conflicts_with = "output")]
        csv: bool,
        #[command(flatten)]
        common: Common,
    },
    #[command(skip)]
    Keep { time: Duration, common: Common },
    #[command(skip)]
    Why(Common),
}

/// What all commands take.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Where dcaas is; what `dcaas login` was told, if nothing is said.
    #[arg(long, env = "DCAAS_URL")]
    url: Option<String>,
    /// For admins: the person who is meant, by object id.
    #[arg(long)]
    member: Option<String>,
    /// For people, or for programs.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    Text,
    Json,
}

/// Whether to wait for the end of what was asked for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Wait {
    /// Wait until it is so.
    #[arg(long)]
    wait: bool,
    /// How long to wait at most.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "30min")]
    timeout: Duration,
}

/// Runs a command; what went wrong is said on stderr, and the exit code says of which kind it was.
pub async fn run(command: Command) -> ExitCode {
    match verbs::run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault { exit, says, next }) => {
            eprintln!("dcaas: {says}");
            if let Some(next) = next {
                eprintln!("{next}");
            }
            ExitCode::from(exit)
        }
    }
}
