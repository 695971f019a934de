//! `cargo xtask bench`, which `cargo bench` calls: a release world of its own, the benchmark in it, its end.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::child::{Group, says};
use crate::local::{Start, World};
use crate::prepare::{self, Node, Wish, prepare};
use crate::running::{Running, file_of};
use crate::show;

/// The world's name.
const NAME: &str = "bench";

#[derive(clap::Args)]
pub struct Arguments {
    /// The benchmark, compiled already; without it cargo compiles it.
    #[arg(long, hide = true)]
    program: Option<PathBuf>,
    /// Only these parts: process, sign-in, requests, latency, storm, joining, leaving, whole, sweep; or `agent` or `nodes`, alone,
    /// with a time if ten minutes are too long. `nodes` needs root: it measures on machines of both kinds.
    parts: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let nodes = arguments.parts.first().is_some_and(|part| part == "nodes");
    // what is missing for it is named before anything is measured
    let kinds = if nodes { &[Node::Kubelet, Node::Process][..] } else { &[Node::Process] };
    for node in kinds {
        if !in_a_world(arguments, *node)? {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A world with machines of this kind, and the benchmark in it; whether that came to its end.
fn in_a_world(arguments: &Arguments, node: Node) -> Result<bool> {
    let prepared = prepare(Wish { fast: true, release: true, node, ..Wish::default() })?;
    if let Some(up) = Running::find(&prepare::state(), NAME)? {
        bail!("a world named `{NAME}` is up already (pid {0}): end it first: kill {0}", up.pid);
    }
    if arguments.program.is_none() {
        let log = prepare::target().join("logs/bench.log");
        show::step("the benchmark is compiled", "", &log, cargo().arg("--no-run"))?;
    }
    let start = Start { name: NAME.to_owned(), fast: true, kubeconfig: None, aloud: false };
    let mut world = World::start(&prepared, &start)?;
    let running = world.wait_until_up()?;
    let measured = measure(arguments);
    let leftovers = running.leftovers();
    let ended = world.end();
    let (measured, leftovers) = (measured?, leftovers?);
    ended?;
    if !leftovers.is_empty() {
        bail!("The world was asked for things that it does not know:\n  {}", leftovers.join("\n  "));
    }
    Ok(measured)
}

/// Runs the benchmark; whether it came to its end.
fn measure(arguments: &Arguments) -> Result<bool> {
    let mut command = match &arguments.program {
        Some(program) => Command::new(program),
        None => cargo(),
    };
    match &arguments.program {
        // the word by which cargo tells a benchmark that it is one
        Some(_) => command.arg("--bench"),
        None => command.args(["--quiet", "--"]),
    };
    command.args(&arguments.parts);
    command.env("DCAAS_WORLD", std::path::absolute(file_of(&prepare::state(), NAME))?);
    let status = Group::start(&mut command, "the benchmark")?.wait(|| ())?;
    if !status.success() {
        eprintln!("  ✗ the benchmark ended {}", says(status));
    }
    Ok(status.success())
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // all packages: the same features then as for the world, and nothing is compiled twice
    cargo.current_dir(prepare::repository()).args(["bench", "--workspace", "--bench", "bench"]);
    cargo
}
