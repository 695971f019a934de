//! Runs inside the pod, as its first process: keeps the tunnel, reaps, and says on the log how things are.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::domain::activity::Activity;
use crate::domain::link::{Link, LinkState};
use crate::pod::{Line, ON_START, ON_STOP, POD_VARIABLE, RUN_VARIABLE};

mod children;
mod code;
mod ending;
mod evidence;
mod hear;
mod image;
mod inside;
mod install;
mod kept;
mod notices;
mod output;
mod pace;
mod room;
mod script;
mod terminals;
mod tunnel;
mod voice;
mod watch;

pub use inside::{KeepArguments, WhyArguments, keep, why};
pub use install::{InstallArguments, install};

use children::Children;
use code::Code;
use ending::{MARGIN, Signals, budget};
use kept::Kept;
use notices::Notices;
use script::Script;
use terminals::Terminals;
use tunnel::Tunnel;
use voice::Voice;

/// The command line of `dcaas agent`; `pod::agent_command` writes it.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Where `dcaas install` put the platform's tree
    #[arg(long, default_value = crate::pod::PLATFORM)]
    platform: PathBuf,
    /// Live state, in memory
    #[arg(long, default_value = crate::pod::RUN)]
    run: PathBuf,
    /// The downward API's files
    #[arg(long, default_value = crate::pod::POD)]
    pod: PathBuf,
    /// The tunnel's token, a file for each key
    #[arg(long, default_value = crate::pod::TOKEN)]
    token: PathBuf,
    /// The tunnel's name
    #[arg(long)]
    tunnel: String,
    /// The session that this run belongs to
    #[arg(long)]
    session: String,
    /// Seconds between SIGTERM and SIGKILL, as the Pod has them
    #[arg(long, default_value_t = 30)]
    grace: u64,
    /// Whoever deployed this accepted the licence of the VS Code server; without it no tunnel is started
    #[arg(long)]
    accept_licence: bool,
}

/// Runs until SIGTERM or SIGINT. Makes a runtime of its own, so it must not be called within one.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    image::bring_authorities(&arguments.platform)
        .context("the agent can not be started with the platform's certificates")?;
    // one thread: the agent's memory and time are the workspace's
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(live(arguments));
    // a log that nobody reads must not hold the end up
    runtime.shutdown_background();
    ended
}

async fn live(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let data = arguments.run.join("cli");
    std::fs::create_dir_all(&data)
        .and_then(|()| lead_to_servers(&arguments.run, &data))
        .with_context(|| format!("{} can not be made: mount a writable volume there", data.display()))?;
    Children::adopt_orphans().context("orphaned processes can not be adopted")?;

    let now = Utc::now();
    let link = Link::new(LinkState::Unknown, now, "the agent starts");
    let activity = Activity::default();
    let line = Line { at: now, session: arguments.session, link, activity, hold: None, full: false };
    let log = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let (voice, writer) = Voice::start(line, tokio::fs::File::from_std(log));
    image::look().iter().for_each(|says| voice.say(says));
    let children = Children::default();
    tokio::spawn(children.clone().reap());

    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_dir());
    let script = |name| Some(Script::new(name, home.as_deref()?, children.clone(), voice.clone()));
    let (asked, stop) = (CancellationToken::new(), CancellationToken::new());
    let budget = budget(Duration::from_secs(arguments.grace));
    let places = [(RUN_VARIABLE, arguments.run.clone()), (POD_VARIABLE, arguments.pod.clone())];
    let tunnel = Tunnel {
        kept: Kept::new(home.as_deref(), &data, &arguments.tunnel, voice.clone()),
        code: Code::new(&arguments.platform, data, places, children.clone()),
        name: arguments.tunnel,
        token: arguments.token,
        licence: arguments.accept_licence,
        voice: voice.clone(),
        stop: stop.clone(),
        grace: budget.tunnel,
    };
    let kept = tokio::spawn(tunnel.keep());
    let (looks, run, terminals) = (voice.clone(), arguments.run, Terminals::default());
    let (warned, warnings) = tokio::sync::watch::channel(false);
    let notices = Notices { pod: arguments.pod, terminals: terminals.clone(), voice: voice.clone(), warned };
    tokio::spawn(async move { evidence::watch(looks, &run, terminals, warnings).await });
    tokio::spawn(notices.tell());
    if let Some(home) = home.clone() {
        tokio::spawn(room::watch(home, voice.clone()));
    }
    if let Some(script) = script(ON_START) {
        tokio::spawn(script.run(None, asked.clone().cancelled_owned()));
    }
    signals.first().await;
    let deadline = Instant::now() + budget.all;
    voice.say("the workspace stops");
    asked.cancel();
    // before anything else is told to end: a checkpoint needs what works
    if let Some(script) = script(ON_STOP) {
        script.run(Some(budget.script), sleep(budget.script)).await;
    }
    children.tell_to_end();
    stop.cancel();
    let _ = timeout_at(deadline + MARGIN / 2, kept).await;
    let killed = Children::end_all(deadline).await;
    voice.hear_out(MARGIN / 4).await;
    match killed {
        0 => voice.say("all processes ended"),
        killed => {
            voice.say(&format!("{killed} processes did not end within the grace period and were killed"))
        }
    }
    voice.end(writer, MARGIN / 4).await;
    Ok(ExitCode::SUCCESS)
}

/// The CLI unpacks servers in its own folder; where the pod has a disk for them, that leads there.
fn lead_to_servers(run: &std::path::Path, data: &std::path::Path) -> std::io::Result<()> {
    let link = data.join("servers");
    // a container that begins anew finds its link
    if run.join("servers").is_dir() && link.symlink_metadata().is_err() {
        std::os::unix::fs::symlink("../servers", link)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    enum Commands {
        Agent(Arguments),
        Install(InstallArguments),
    }

    #[test]
    fn what_the_cli_unpacks_lands_on_the_disk_that_the_pod_has_for_it() {
        assert_eq!(crate::pod::SERVERS, format!("{}/servers", crate::pod::RUN));
        let run = std::env::temp_dir().join(format!("dcaas-servers-{}", std::process::id()));
        let data = run.join("cli");
        std::fs::create_dir_all(&data).unwrap();
        lead_to_servers(&run, &data).unwrap();
        assert!(data.join("servers").symlink_metadata().is_err(), "no disk, no link");
        std::fs::create_dir(run.join("servers")).unwrap();
        for _ in 0..2 {
            lead_to_servers(&run, &data).unwrap();
        }
        std::fs::write(data.join("servers/a"), "").unwrap();
        assert!(run.join("servers/a").exists());
        std::fs::remove_dir_all(run).unwrap();
    }

    #[test]
    fn the_commands_that_the_pod_is_given_are_understood() {
        let agent = crate::pod::agent_command("dc-0123456789ab", "s-1", 120, true);
        let Commands::Agent(agent) = Commands::try_parse_from(agent).unwrap() else {
            panic!("not the agent")
        };
        assert_eq!(
            (agent.tunnel.as_str(), agent.session.as_str(), agent.grace, agent.accept_licence),
            ("dc-0123456789ab", "s-1", 120, true)
        );
        let unaccepted = crate::pod::agent_command("dc-0123456789ab", "s-1", 120, false);
        assert!(
            matches!(Commands::try_parse_from(unaccepted), Ok(Commands::Agent(agent)) if !agent.accept_licence)
        );
        assert!(matches!(Commands::try_parse_from(crate::pod::install_command()), Ok(Commands::Install(_))));
    }
}
