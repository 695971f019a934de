//! `cargo xtask test`: every test of the repository, against one world.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::child::{Group, says};
use crate::local::{Start, World};
use crate::prepare::{self, Node, Wish, prepare};
use crate::running::{Running, file_of};
use crate::show;

/// So many tests run at once, whatever the machine: most of their time is the world's.
const THREADS: &str = "6";

#[derive(clap::Args)]
pub struct Arguments {
    /// The world to test against; one of that name that is up already is used, and left up.
    #[arg(long, visible_alias = "name", value_name = "NAME", default_value = "test")]
    world: String,
    /// What the machines of the pools are; with `kubelet` only the tests that are about that.
    #[arg(long, value_enum, default_value_t)]
    node: Node,
    /// Workspaces have a real VS Code server; only the tests that are about that.
    #[arg(long)]
    editor: bool,
    /// Only tests with one of these in their name (and then only the Rust ones).
    filter: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let wish = Wish { fast: true, node: arguments.node, editor: arguments.editor, ..Wish::default() };
    let prepared = prepare(wish)?;
    if arguments.filter.is_empty() && arguments.node == Node::Process && !arguments.editor {
        go()?;
    }
    let file = file_of(&prepare::state(), &arguments.world);
    if let Some(running) = Running::find(&prepare::state(), &arguments.world)? {
        if running.node != arguments.node.word() || running.editor != arguments.editor {
            bail!(
                "world `{}` is up with machines or editors of another kind ({}{}): end it (kill {}), or name another \
                 --world",
                running.name,
                running.node,
                if running.editor { ", real editors" } else { "" },
                running.pid
            );
        }
        eprintln!("  ✓ world `{}` is up (pid {}) and is used as it is", running.name, running.pid);
        return verdict(cargo(arguments, &file)?, running.leftovers()?);
    }
    let mut world = World::start(
        &prepared,
        &Start { name: arguments.world.clone(), fast: true, kubeconfig: None, aloud: false },
    )?;
    let running = world.wait_until_up()?;
    let passed = cargo(arguments, &file)?;
    let leftovers = running.leftovers();
    let ended = world.end();
    let verdict = verdict(passed, leftovers?)?;
    ended?;
    Ok(verdict)
}

/// Vets and tests the Go program.
fn go() -> Result<()> {
    let (module, flags) = prepare::go_module();
    for verb in ["vet", "test"] {
        let log = prepare::target().join(format!("logs/go-{verb}.log"));
        let mut command = Command::new("go");
        command.current_dir(&module).arg(verb).args(flags).arg("./...");
        show::step(&format!("go {verb}"), "", &log, &mut command)?;
    }
    Ok(())
}

/// Runs the Rust tests; whether all passed.
fn cargo(arguments: &Arguments, world: &Path) -> Result<bool> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(prepare::repository()).args(["test", "--no-fail-fast"]);
    match (arguments.node, arguments.editor, arguments.filter.as_slice()) {
        // all packages and not one: the same features then, and nothing is compiled twice
        (_, true, []) => command.args(["--workspace", "--test", "chapters", "--", "editor::"]),
        (Node::Kubelet, _, []) => command.args(["--workspace", "--test", "chapters", "--", "kubelet::"]),
        (Node::Process, _, []) => command.arg("--workspace"),
        (.., filter) => command.args(["--workspace", "--"]).args(filter),
    };
    command.env("DCAAS_WORLD", std::path::absolute(world)?);
    if let Some(checkers) = prepare::checkers()? {
        command.env("DCAAS_CHECKERS", checkers.join("bin"));
    }
    if let Some(browser) = prepare::browser()? {
        command.env("DCAAS_BROWSER", browser.program).env("DCAAS_BROWSER_DRIVER", browser.driver);
    }
    if let Some(fuzzer) = prepare::fuzzer()? {
        command.env("DCAAS_FUZZER", fuzzer);
    }
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // clients of the world mostly wait for it
        command.env("RUST_TEST_THREADS", THREADS);
    }
    let status = Group::start(&mut command, "cargo test")?.wait(|| ())?;
    if !status.success() {
        eprintln!("  ✗ cargo test ended {}", says(status));
    }
    Ok(status.success())
}

fn verdict(passed: bool, leftovers: Vec<String>) -> Result<ExitCode> {
    if !leftovers.is_empty() {
        bail!(
            "The world was asked for things that it does not know; a stand-in is missing or a call is wrong:\n  {}",
            leftovers.join("\n  ")
        );
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
