//! `dcaas keep` and `dcaas why` inside a workspace: they speak to the agent by its files.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Local, SecondsFormat, TimeDelta, Utc};

use super::evidence::hold;
use super::notices::{self, words};
use crate::domain::activity::Evidence;
use crate::domain::idleness::Wish;
use crate::domain::link::LinkState;
use crate::pod::{Line, Notice};

/// A silence of so long means that the agent is gone.
const SILENT: TimeDelta = TimeDelta::seconds(60);
/// Longer is a slip of the keyboard; what is allowed is less, and the control plane's.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// The command line of `dcaas keep`.
#[derive(Debug, Clone, clap::Args)]
pub struct KeepArguments {
    /// For how long this workspace shall be kept, from now on: `3h`, `90min`; `0s` takes it back
    #[arg(value_parser = humantime::parse_duration)]
    time: Duration,
    #[command(flatten)]
    place: Place,
}

/// The command line of `dcaas why`.
#[derive(Debug, Clone, clap::Args)]
pub struct WhyArguments {
    #[command(flatten)]
    place: Place,
    /// The downward API's files
    #[arg(long, env = crate::pod::POD_VARIABLE, default_value = crate::pod::POD, hide = true)]
    pod: PathBuf,
}

#[derive(Debug, Clone, clap::Args)]
struct Place {
    /// Where the agent has its files
    #[arg(long, env = crate::pod::RUN_VARIABLE, default_value = crate::pod::RUN, hide = true)]
    run: PathBuf,
}

impl KeepArguments {
    /// Whether the agent is to be asked: this is the inside of a workspace, or its files are said to be elsewhere.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.place.is_inside()
    }

    /// How long the workspace shall be kept.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.time
    }
}

impl WhyArguments {
    /// Whether the agent is to be asked: this is the inside of a workspace, or its files are said to be elsewhere.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.place.is_inside()
    }
}

impl Place {
    fn is_inside(&self) -> bool {
        self.run.is_dir() || self.run.as_path() != std::path::Path::new(crate::pod::RUN)
    }

    fn agent(&self) -> anyhow::Result<Line> {
        if !self.run.is_dir() {
            bail!("{} is not there: this is not the inside of a workspace", self.run.display());
        }
        let text =
            hold::line(&self.run).context("the agent has said nothing yet: ask again in a few seconds");
        Line::parse(&text?).context("the agent's word can not be read: it is of another version")
    }
}

/// Asks the agent to say that this workspace shall be kept.
///
/// # Errors
/// Outside of a workspace, or if the time makes no sense.
pub fn keep(arguments: &KeepArguments) -> anyhow::Result<()> {
    arguments.place.agent()?;
    let run = &arguments.place.run;
    let context = || format!("nothing can be written to {}", run.display());
    if arguments.time.is_zero() {
        hold::ask_no_more(run).with_context(context)?;
        println!("Your wish to be kept is taken back.");
        return Ok(());
    }
    if arguments.time > LONGEST {
        bail!("30 days are the most that can be asked for");
    }
    let asked = Utc::now();
    let until = asked + TimeDelta::from_std(arguments.time)?;
    hold::ask(run, Wish { until, asked }).with_context(context)?;
    println!("You asked to be kept until {}. `dcaas why` says once it holds.", time(until));
    Ok(())
}

/// Says what was announced, and what the agent sees.
///
/// # Errors
/// Outside of a workspace.
pub fn why(arguments: &WhyArguments) -> anyhow::Result<()> {
    let line = arguments.place.agent()?;
    let asked = hold::read(&arguments.place.run).ok().flatten().map(|wish| wish.until);
    // what can not be read is passed over, and the agent has said so on the log
    let notice = notices::current(&arguments.pod).ok().and_then(Result::ok).unwrap_or_default();
    print!("{}{}", announced(&notice, Utc::now()), report(&line, asked, Utc::now()));
    Ok(())
}

/// What the control plane said last, as long as it matters.
fn announced(notice: &Notice, now: DateTime<Utc>) -> String {
    let why = words::because(&notice.why);
    match (notice.stop, notice.keep) {
        (Some(stop), _) => format!(
            "{:<10} {}{why}\n{:<10} work here, or ask for it: dcaas keep 3h\n",
            "stop",
            words::when(stop, now, &Local),
            "to keep it",
        ),
        (None, Some(keep)) if keep > now => format!("{:<10} until {}{why}\n", "kept", time(keep)),
        (None, _) => String::new(),
    }
}

fn report(line: &Line, asked: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let mut text = String::new();
    let mut say = |words: std::fmt::Arguments| {
        let _ = writeln!(text, "{words}");
    };
    if now - line.at > SILENT {
        say(format_args!("The agent has said nothing since {}: what follows is old.", time(line.at)));
    }
    let why = if line.link.why.is_empty() { String::new() } else { format!(": {}", line.link.why) };
    let link = if line.link.state == LinkState::Connected { "connected" } else { line.link.state.name() };
    say(format_args!("{:<10} {link} since {}{why}", "tunnel", time(line.link.since)));
    if line.full {
        say(format_args!("{:<10} full: nothing more can be written there", "home disk"));
    }
    for (name, evidence) in &line.activity.signals {
        match evidence {
            Evidence::Seen { at, value } => {
                say(format_args!("{name:<10} used {}, now {value}", ago(now - *at)));
            }
            Evidence::Nothing => say(format_args!("{name:<10} not used since the start")),
            Evidence::Unknown { why } => say(format_args!("{name:<10} not known: {why}")),
        }
    }
    let asked = asked.filter(|until| *until > now);
    match (line.hold.map(|wish| wish.until), asked) {
        (Some(until), _) if until > now => say(format_args!(
            "{:<10} you asked until {}: that holds, as far as is allowed",
            "keep",
            time(until)
        )),
        (_, Some(until)) => {
            say(format_args!("{:<10} you asked until {}; the agent has not seen it yet", "keep", time(until)))
        }
        _ => say(format_args!("{:<10} you did not ask: dcaas keep 3h", "keep")),
    }
    text
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn ago(time: TimeDelta) -> String {
    match time.num_seconds() {
        ..=9 => "now".into(),
        seconds => format!("{} ago", humantime::format_duration(Duration::from_secs(seconds.unsigned_abs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::activity::Activity;
    use crate::domain::link::Link;

    #[test]
    fn what_was_announced_comes_first() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0);
        let notice = |stop, keep, why: &str| Notice { stop, keep, why: why.into() };
        let said = |notice| announced(&notice, at(0).unwrap());
        let stop = said(notice(at(600), None, "no use was seen for 1 h"));
        assert!(stop.starts_with("stop       in 10 minutes, at "), "{stop}");
        assert!(stop.contains("08:10 UTC"), "{stop}");
        assert!(
            stop.ends_with(": no use was seen for 1 h\nto keep it work here, or ask for it: dcaas keep 3h\n"),
            "{stop}"
        );
        let kept = said(notice(None, at(60), "a member asked for it"));
        assert_eq!(kept, "kept       until 2027-01-15T08:01:00Z: a member asked for it\n");
        assert_eq!(said(notice(None, at(-60), "a member asked for it")), "");
        assert_eq!(said(Notice::default()), "");
    }

    #[test]
    fn the_report_says_every_signal_and_what_holds() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let signals = [
            ("cpu", Evidence::Seen { at: at(-2), value: "0.98 cores".into() }),
            ("editor", Evidence::Seen { at: at(-130), value: "12 B/s".into() }),
            ("gpu", Evidence::Unknown { why: "there is no NVIDIA driver in this container".into() }),
            ("terminal", Evidence::Nothing),
        ];
        let activity = Activity { signals: signals.map(|(name, e)| (name.to_owned(), e)).into() };
        let link = Link::new(LinkState::Lost, at(-60), "the relay went away");
        let line = Line { at: at(0), session: "s".into(), link, activity, hold: None, full: false };
        let text = report(&line, None, at(0));
        assert_eq!(
            text,
            "tunnel     lost since 2027-01-15T07:59:00Z: the relay went away\n\
             cpu        used now, now 0.98 cores\n\
             editor     used 2m 10s ago, now 12 B/s\n\
             gpu        not known: there is no NVIDIA driver in this container\n\
             terminal   not used since the start\n\
             keep       you did not ask: dcaas keep 3h\n"
        );
        let asked = report(&line, Some(at(60)), at(0));
        assert!(
            asked.ends_with("you asked until 2027-01-15T08:01:00Z; the agent has not seen it yet\n"),
            "{asked}"
        );
        let holds = Line { hold: Some(Wish { until: at(60), asked: at(-1) }), ..line };
        let full = report(&Line { full: true, ..holds.clone() }, None, at(0));
        assert!(full.contains("\nhome disk  full: nothing more can be written there\n"), "{full}");
        let held = report(&holds, Some(at(60)), at(0));
        assert!(
            held.ends_with("you asked until 2027-01-15T08:01:00Z: that holds, as far as is allowed\n"),
            "{held}"
        );
        let old = report(&holds, None, at(90));
        assert!(
            old.starts_with("The agent has said nothing since") && old.ends_with("dcaas keep 3h\n"),
            "{old}"
        );
    }
}
