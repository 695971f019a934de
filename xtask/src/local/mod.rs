//! `cargo local`: the world on this machine, and the verbs that speak to one that runs.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::Value;

use crate::child;
use crate::prepare::{self, Node, Wish, prepare};
use crate::running::Running;
use crate::tour;

pub mod member;
mod sign_in;
mod workspace;
mod world;

pub use world::{Start, World};

#[derive(clap::Args)]
pub struct Arguments {
    /// The world's name; worlds of different names run side by side.
    #[arg(long, visible_alias = "name", value_name = "NAME", default_value = "world", global = true)]
    pub world: String,
    /// Play the main job from end to end, print what is seen, and end.
    #[arg(long)]
    pub tour: bool,
    /// Delays and schedules of seconds, and `brief` as the default profile.
    #[arg(long)]
    pub fast: bool,
    /// Optimised executables.
    #[arg(long)]
    pub release: bool,
    /// What the machines of the pools are.
    #[arg(long, value_enum, default_value_t)]
    pub node: Node,
    /// Give workspaces a real VS Code server, which a browser opens at the address that `status` says.
    #[arg(long)]
    pub editor: bool,
    /// Use the cluster of this kubeconfig instead of starting one.
    #[arg(long, value_name = "FILE", conflicts_with = "node")]
    pub kubeconfig: Option<PathBuf>,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What can be asked of a world that runs.
#[derive(Subcommand)]
pub enum Verb {
    /// Print a bearer token for a person of the world.
    Token { person: String },
    /// Run kubectl on the world's cluster, as an admin.
    #[command(disable_help_flag = true)]
    Kubectl {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Add a person to the group, and wait for their workspace.
    Join { person: String },
    /// Remove a person from the group, and wait until their workspace is gone.
    Leave { person: String },
    /// List the codes that people were given to sign in with, and what became of them.
    Codes,
    /// Sign in with a code, as a person does at GitHub's or Microsoft's page.
    Approve {
        code: String,
        /// The account's name; at Microsoft a person of the world.
        #[arg(long = "as", value_name = "PERSON")]
        account: Option<String>,
    },
    /// Say no to a code.
    Decline { code: String },
    /// Let all tokens of an account count no more.
    Revoke { person: String },
    /// Run something in a person's workspace, and end as it ended.
    Exec {
        person: String,
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Open an editor's window on a person's workspace, with a terminal in it.
    Open { person: String },
    /// Type TEXT and Enter in the window's terminal; without one, for a moment in a document.
    Type {
        person: String,
        #[arg(value_name = "TEXT", allow_hyphen_values = true)]
        text: Vec<String>,
    },
    /// Close the window; as with the real one, the server waits a while for it to come back.
    Close { person: String },
    /// Print what the window's terminal shows.
    Screen { person: String },
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let running = || Running::must_find(&prepare::state(), &arguments.world);
    match &arguments.verb {
        None => start(arguments),
        Some(Verb::Token { person }) => {
            println!("{}", running()?.token(person)?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Kubectl { words }) => {
            let mut kubectl = Command::new(prepare::kubectl());
            kubectl.arg("kubectl").args(words).env("KUBECONFIG", running()?.kubeconfig);
            Err(kubectl.exec()).context("kubectl does not start")
        }
        Some(Verb::Join { person }) => member::join(&running()?, person),
        Some(Verb::Leave { person }) => member::leave(&running()?, person),
        Some(Verb::Codes) => sign_in::codes(&running()?),
        Some(Verb::Approve { code, account }) => sign_in::approve(&running()?, code, account.as_deref()),
        Some(Verb::Decline { code }) => sign_in::decline(&running()?, code),
        Some(Verb::Revoke { person }) => sign_in::revoke(&running()?, person),
        Some(Verb::Exec { person, command }) => workspace::exec(&running()?, person, command),
        Some(Verb::Open { person }) => workspace::open(&running()?, person),
        Some(Verb::Type { person, text }) => workspace::type_in(&running()?, person, text),
        Some(Verb::Close { person }) => workspace::close(&running()?, person),
        Some(Verb::Screen { person }) => workspace::screen(&running()?, person),
    }
}

fn start(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(up) = Running::find(&prepare::state(), &arguments.world)? {
        bail!(
            "a world named `{}` is up already (pid {}): end it with Ctrl-C there or `kill {}`, or give this one \
             another name: cargo local -- --name other",
            up.name,
            up.pid,
            up.pid
        );
    }
    let prepared = prepare(Wish {
        fast: arguments.fast,
        release: arguments.release,
        timers: true,
        node: arguments.node,
        editor: arguments.editor,
    })?;
    let start = Start {
        name: arguments.world.clone(),
        fast: arguments.fast,
        kubeconfig: arguments.kubeconfig.clone(),
        aloud: !arguments.tour,
    };
    let mut world = World::start(&prepared, &start)?;
    if arguments.tour {
        return tour::run(world, arguments.fast);
    }
    let running = world.wait_until_up()?;
    try_next(&running);
    while world.child.ended()?.is_none() && !child::stopped() {
        child::pause(Duration::from_millis(100));
    }
    world.end()?;
    Ok(ExitCode::SUCCESS)
}

/// Lines to copy.
fn try_next(running: &Running) {
    let world = if running.name == "world" { String::new() } else { format!(" --world {}", running.name) };
    let local = format!("cargo local --{world}");
    let api = format!("{}/api", running.functions);
    println!(
        r#"
  Try next, in another terminal:

    {local} join dora                            # into the group: namespace, disk, container, workspace
    AUTH="Authorization: Bearer $({local} token dora)"
    curl -sH "$AUTH" --json '{{}}' {api}/start      # the first time, a code to sign in with
    {local} approve CODE --as dora               # type it at GitHub's page: a GPU node comes, the workspace starts
    curl -sH "$AUTH" {api}/status                # what is happening, in plain words
    curl -sNH "$AUTH" '{api}/logs?follow=true'   # Ctrl-C ends it
    {editor}
    {local} exec dora -- /bin/sh -c 'echo $HOME' # something inside
    curl -sH "$AUTH" --json '{{}}' {api}/stop       # pod and node go, the disk stays
    {local} leave dora                           # out of the group: what runs ends, what is stored stays
    {local} kubectl get pods,pvc,sts -A          # the cluster, as an admin

  People: {people}. Ctrl-C ends the world.
"#,
        editor = editor(running, &local),
        people = people(running),
    );
}

fn editor(running: &Running, local: &str) -> String {
    if running.editor {
        "(the status' `address`, in a browser)        # VS Code, with a terminal, in dora's home".to_owned()
    } else {
        format!(
            "{local} open dora                            # an editor at the other end: `type dora`, `screen dora`, \
             `close dora`"
        )
    }
}

fn people(running: &Running) -> String {
    let about = |person: &Value| {
        let member = if person["member"] == true { "a member" } else { "not a member" };
        let admin = if person["admin"] == true { " and an admin" } else { "" };
        format!("{} ({member}{admin})", person["name"].as_str().unwrap_or("?"))
    };
    running.people().iter().map(about).collect::<Vec<_>>().join(", ")
}
