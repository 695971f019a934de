//! `cargo local`: the world on this machine, and the verbs that speak to one that runs.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::child::{self, Group};
use crate::prepare::{self, Prepared, Wish, prepare};
use crate::running::{Answer, Running, file_of};
use crate::show::{Progress, tail};
use crate::tour;

/// How long a world may take from its start until it says where it is.
const COMING_UP: Duration = Duration::from_secs(180);
/// How long it may take to end: it stops what it started, one after the other.
const ENDING: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Arguments {
    /// The world's name; worlds of different names run side by side.
    #[arg(
        long,
        visible_alias = "name",
        value_name = "NAME",
        default_value = "world",
        global = true
    )]
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
    /// Use the cluster of this kubeconfig instead of starting one.
    #[arg(long, value_name = "FILE")]
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
    /// Put a member's message on the queue, and a tunnel token into what it makes.
    Enqueue { person: String },
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
            kubectl
                .arg("kubectl")
                .args(words)
                .env("KUBECONFIG", running()?.kubeconfig);
            Err(kubectl.exec()).context("kubectl does not start")
        }
        Some(Verb::Enqueue { person }) => enqueue(&running()?, person),
    }
}

/// What a world is started with.
pub struct Start {
    pub name: String,
    pub fast: bool,
    pub kubeconfig: Option<PathBuf>,
    /// Its output goes to the terminal, and not to a file.
    pub aloud: bool,
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

/// A world that is our child.
pub struct World {
    pub child: Group,
    name: String,
    log: PathBuf,
    aloud: bool,
}

impl World {
    pub fn start(prepared: &Prepared, start: &Start) -> Result<World> {
        let state = prepare::state();
        std::fs::create_dir_all(&state)?;
        let mut command = child::bound_to_us(&prepared.world);
        command
            .arg("--app")
            .arg(&prepared.app)
            .arg("--kubernetes")
            .arg(&prepared.kubernetes);
        command
            .arg("--azurite")
            .arg(&prepared.azurite)
            .arg("--manifests")
            .arg(&prepared.manifests);
        command
            .arg("--images")
            .arg(&prepared.images)
            .arg("--state")
            .arg(&state)
            .args(["--name", &start.name]);
        if start.fast {
            command.arg("--fast");
        }
        if let Some(kubeconfig) = &start.kubeconfig {
            command.arg("--kubeconfig").arg(kubeconfig);
        }
        let log = state.join(format!("{}.log", start.name));
        if !start.aloud {
            let file = File::create(&log).with_context(|| format!("can not write {}", log.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let child = Group::start(&mut command, "the world")?;
        Ok(World {
            child,
            name: start.name.clone(),
            log,
            aloud: start.aloud,
        })
    }

    /// Waits until it has written where it is.
    pub fn wait_until_up(&mut self) -> Result<Running> {
        let mut progress = Progress::new("the world comes up", "");
        let since = Instant::now();
        while since.elapsed() < COMING_UP {
            if let Some(running) = Running::find(&prepare::state(), &self.name)?
                && running.pid == self.child.id()
            {
                progress.clear();
                return Ok(running);
            }
            if let Some(status) = self.child.ended()? {
                progress.clear();
                bail!(
                    "the world did not come up: it ended {}{}",
                    child::says(status),
                    self.last_words()
                );
            }
            if child::stopped() {
                bail!("stopped");
            }
            progress.at("");
            child::pause(Duration::from_millis(50));
        }
        progress.clear();
        bail!(
            "the world is not up after {} s{}",
            COMING_UP.as_secs(),
            self.last_words()
        )
    }

    /// Ends it; a world that ends badly is an error, with its last lines.
    pub fn end(mut self) -> Result<()> {
        // Of a world that ended by itself, this is just how.
        let status = self.child.stop(ENDING)?;
        if !status.success() {
            bail!("the world ended {}{}", child::says(status), self.last_words());
        }
        let file = file_of(&prepare::state(), &self.name);
        if file.exists() {
            bail!("the world ended, but {} is still there", file.display());
        }
        Ok(())
    }

    /// The last lines it said, where they are not on the terminal already.
    pub fn last_words(&self) -> String {
        if self.aloud {
            String::new()
        } else {
            format!("\n\n{}\n(all of it: {})", tail(&self.log, 30), self.log.display())
        }
    }
}

/// Where a member's things are, and how they come there.
pub fn namespace(oid: &str) -> String {
    format!("dc-{oid}")
}

/// Puts the message of one member on the queue; gives its text.
pub fn put_message(running: &Running, oid: &str) -> Result<String> {
    let message = json!({ "v": 1, "member": oid, "after": 0 }).to_string();
    running
        .post_text(
            &format!("{}/installations/dcaas/queues/members", running.control),
            &message,
        )?
        .good("the message is not on the queue")?;
    Ok(message)
}

/// Puts a made-up tunnel token where sign-in will put a real one; whether there was none before.
pub fn put_tunnel_token(running: &Running, namespace: &str) -> Result<bool> {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "tunnel", "labels": { "app.kubernetes.io/managed-by": "dcaas" } },
        "stringData": { "provider": "github", "access_token": "a-made-up-token-of-this-world" },
    });
    let url = format!(
        "{}/kubernetes/api/v1/namespaces/{namespace}/secrets",
        running.control
    );
    let answer: Answer = running.post(&url, &secret)?;
    if answer.status == 409 {
        return Ok(false);
    }
    answer.good("Secret `tunnel` is not made").map(|_| true)
}

fn enqueue(running: &Running, person: &str) -> Result<ExitCode> {
    let oid = running.oid(person)?;
    println!("put on queue `members`: {}", put_message(running, &oid)?);
    let namespace = namespace(&oid);
    let since = Instant::now();
    while running
        .kubernetes(&format!("/api/v1/namespaces/{namespace}"))?
        .status
        != 200
    {
        if since.elapsed() > Duration::from_secs(60) {
            bail!(
                "there is no namespace {namespace} after a minute; the host's last lines:\n{}",
                running.host_log(15)
            );
        }
        child::pause(Duration::from_millis(100));
    }
    println!("namespace {namespace} is there");
    let new = put_tunnel_token(running, &namespace)?;
    println!(
        "Secret `tunnel` {}",
        if new {
            "made, with a token that only this world takes"
        } else {
            "was there already"
        }
    );
    Ok(ExitCode::SUCCESS)
}

/// Lines to copy.
fn try_next(running: &Running) {
    let world = if running.name == "world" {
        String::new()
    } else {
        format!(" --world {}", running.name)
    };
    let local = format!("cargo local --{world}");
    let api = format!("{}/api", running.functions);
    println!(
        r#"
  Try next, in another terminal:

    {local} enqueue ben                          # ben joins: namespace, disk, container, workspace
    AUTH="Authorization: Bearer $({local} token ben)"
    curl -sH "$AUTH" --json '{{}}' {api}/start      # a GPU node comes, the workspace starts
    curl -sH "$AUTH" {api}/status                # what is happening, in plain words
    curl -sNH "$AUTH" '{api}/logs?follow=true'   # Ctrl-C ends it
    curl -sH "$AUTH" --json '{{}}' {api}/stop       # pod and node go, the disk stays
    {local} kubectl get pods,pvc,sts -A          # the cluster, as an admin

  People: {people}. Ctrl-C ends the world.
"#,
        people = people(running),
    );
}

fn people(running: &Running) -> String {
    let about = |person: &Value| {
        let member = if person["member"] == true {
            "a member"
        } else {
            "not a member"
        };
        let admin = if person["admin"] == true {
            " and an admin"
        } else {
            ""
        };
        format!("{} ({member}{admin})", person["name"].as_str().unwrap_or("?"))
    };
    running.people().iter().map(about).collect::<Vec<_>>().join(", ")
}
