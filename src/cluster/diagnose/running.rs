//! A workspace whose container runs: what its agent says of the tunnel, or that it says nothing.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::Pod as KubePod;

use crate::{
    cluster::{
        Look,
        diagnose::{container, gpu},
        observe,
    },
    domain::{
        link::{Link, LinkState, Refused},
        situation::{Phase, Situation},
        workspace::Session,
    },
};

/// The agent writes once a minute: after this, it is silent.
const SILENT: TimeDelta = TimeDelta::minutes(5);

/// A tunnel connects in seconds; after this, it may not do so by itself.
const SLOW: TimeDelta = TimeDelta::minutes(5);

const SLOW_NEXT: &str = "It takes longer than it should: read the logs, or stop and start again.";

/// What is said while nothing more fits on the home disk, and what to do about it.
const FULL: (&str, &str) = (
    "Its home disk is full: nothing more can be written there.",
    "Remove what you do not need: `du -xh ~ | sort -h | tail` says what is large. Or ask an admin for a larger disk.",
);

/// Says how a workspace runs; and, if it was ended shortly before, why.
pub fn running(
    look: &Look,
    pod: &KubePod,
    session: &Session,
    started: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Situation {
    let mut situation = reached(look, pod, started, now);
    let again = container::began_again(pod, session, now);
    let full = look.line.as_ref().is_some_and(|line| line.full).then_some(FULL);
    let gone = gpu::gone(pod).then_some(gpu::GONE);
    let also = [full, gone].into_iter().flatten().map(|(says, next)| (says.to_owned(), next));
    for (says, next) in also.chain(again) {
        situation = situation.also(&says);
        situation.next.get_or_insert_with(|| next.to_owned());
    }
    situation
}

fn reached(look: &Look, pod: &KubePod, started: DateTime<Utc>, now: DateTime<Utc>) -> Situation {
    let since = observe::running_since(pod).unwrap_or(started);
    if look.unheard {
        let says = "Your workspace runs, but its machine does not say just now whether it can be reached.";
        return Situation::new(Phase::Running, says, Some(since))
            .next("Your work may well go on. Ask again in a minute.");
    }
    // clocks differ: a line from the future is from now
    let Some(line) = look.line.clone().map(|line| line.not_after(now)) else {
        if now - since > SILENT {
            let says = "Your workspace's container runs, but nothing is heard from it.";
            return Situation::new(Phase::Running, says, Some(since))
                .next("Your work may well go on. If you can not reach it, stop and start again.");
        }
        let says = "Your machine runs; its tunnel is being set up.";
        return Situation::new(Phase::Starting, says, Some(since)).usually("half a minute");
    };
    if now - line.at > SILENT {
        let says = "Your workspace runs, but has said nothing for more than 5 minutes.";
        return Situation::new(Phase::Running, says, Some(line.at))
            .next("If you can reach it, all is well. If not, look at the logs, or stop and start again.");
    }
    linked(line.link, now)
}

fn linked(link: Link, now: DateTime<Utc>) -> Situation {
    let since = Some(link.since);
    let why = if link.why.is_empty() { String::new() } else { format!(" ({})", link.why) };
    let slow = now - link.since > SLOW;
    let situation = match link.state {
        LinkState::Unknown | LinkState::Connecting => {
            Situation::new(Phase::Starting, format!("Your machine runs; its tunnel connects{why}."), since)
                .usually("half a minute")
        }
        LinkState::Connected => {
            return Situation::new(Phase::Running, "Your workspace runs and can be reached.", since);
        }
        LinkState::Lost => Situation::new(
            Phase::Running,
            format!("Your workspace runs, but its tunnel is lost{why}; it connects again by itself."),
            since,
        )
        .usually("two minutes"),
        LinkState::Refused => return refused(&link, &why),
    };
    if slow { situation.next(SLOW_NEXT) } else { situation }
}

/// A tunnel that will not connect by itself: what has to happen first.
fn refused(link: &Link, why: &str) -> Situation {
    let next = match Refused::of(link) {
        Some(Refused::NoToken | Refused::TokenRejected) => {
            "Your work goes on. Sign in again (POST /api/signin): the tunnel takes the new sign-in by itself."
        }
        Some(Refused::NameInUse) => {
            "Your work goes on. Stop the other machine, or remove its tunnel in your account, and it connects by itself."
        }
        Some(Refused::TooManyTunnels) => {
            "Your work goes on. Remove a tunnel that you do not use from your account, and it connects by itself."
        }
        Some(Refused::LicenceNotAccepted) => "Your work goes on. Ask an admin to accept the licence.",
        None => "Your work goes on. Sign in again (POST /api/signin), or stop and start again.",
    };
    let says = format!("Your workspace runs, but its tunnel can not be reached{why}.");
    Situation::new(Phase::Running, says, Some(link.since)).next(next)
}
