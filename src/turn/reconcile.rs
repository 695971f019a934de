//! The comparison of the group with the cluster: what no notification told, what is past its time, and the
//! subscription that tells of changes.

use std::time::Duration;

use chrono::{SubsecRound, TimeDelta};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    api::{
        message::Message,
        problem::{Code, Problem},
    },
    app::{Ready, flight::Flown},
    cluster::Memory,
    domain::{
        member::Member,
        membership::{Comparison, Resident, Standing},
        node::Empty,
    },
    graph,
    plan::membership,
    turn::{
        leaving::{self, View},
        membership::{LAST_LOOK, QUEUE, allowed},
        nodes,
    },
};

/// Messages on their way to the queue, and people whose things are deleted, at once.
const AT_ONCE: usize = 16;

/// How long a subscription is asked for: Graph grants 41,760 minutes, one short of 29 days.
const LIFE: TimeDelta = TimeDelta::days(28);

/// How much of it may pass before it is renewed.
const RENEW_AFTER: TimeDelta = TimeDelta::days(1);

/// Why the comparison is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is time.
    Timer,
    /// Graph told something of the whole group; it may want the subscription's rights anew.
    Notification,
}

/// Compares, and has every difference looked at: what was found, for the log. What it comes to is remembered.
///
/// # Errors
/// What Graph, the cluster, storage or the queue met. It is made again soon.
pub async fn reconcile(app: &Ready, occasion: Occasion) -> Result<String, Problem> {
    // in this order: what changes after the comparison is told. Without a subscription it is all that there is
    let subscribed = subscribe(app, occasion).await;
    let compared = compare(app, occasion).await;
    let fault = match (&subscribed, &compared) {
        (Err(problem), _) | (_, Err(problem)) => Some(sentence(problem)),
        (_, Ok(Compared { fault, .. })) => fault.clone(),
    };
    let before = match &compared {
        Ok(compared) => compared.empty.clone(),
        // where the cluster does not tell, nothing is remembered either
        Err(_) => app.cluster.memory().await.map(last_empty).unwrap_or_default(),
    };
    let (empty, stay) = machines(app, occasion, before).await;
    let comparison = Comparison { at: app.now().trunc_subsecs(0), fault, empty };
    let remembered = app.cluster.remember_comparison(&comparison).await;
    let said = format!("{}; {}; {stay}", compared?.said, subscribed?);
    remembered?;
    Ok(said)
}

/// The same because Graph told something. Graph may tell of a thousand changes one by one and name nobody, and each
/// comparison has everybody looked at who is missing: who waits for one shares it.
///
/// # Errors
/// As with [`reconcile`]; the message comes again.
pub async fn told(app: &Ready) -> Result<String, Problem> {
    match app.comparing.fly(reconcile(app, Occasion::Notification)).await {
        Flown::Own(said) => said,
        Flown::Shared { well: true } => Ok("another turn compared, and began later".to_owned()),
        Flown::Shared { well: false } | Flown::Busy => {
            Err(Problem::new(Code::KeepsChanging, "another turn compares the group with the cluster")
                .next("It is compared again by itself."))
        }
    }
}

/// The machines without a workspace, and how many of them stay: at its time, as they change by the minute. What this
/// meets is in the log, and nothing else waits for it.
async fn machines(app: &Ready, occasion: Occasion, before: Vec<Empty>) -> (Vec<Empty>, String) {
    if occasion == Occasion::Notification {
        return (before, "machines not looked at".to_owned());
    }
    match nodes::look(app, &before).await {
        Ok((empty, told)) => {
            for sentence in &told {
                tracing::warn!("reconcile: {sentence}");
            }
            let said = format!("{} machines without a workspace, {} of them stay", empty.len(), told.len());
            (empty, said)
        }
        Err(e) => {
            tracing::warn!(error = %e, "reconcile: the machines can not be looked at");
            (before, "machines could not be looked at".to_owned())
        }
    }
}

fn last_empty(memory: Memory) -> Vec<Empty> {
    memory.comparison.map_or_else(Vec::new, |comparison| comparison.empty)
}

/// What is, and what to do about it.
fn sentence(problem: &Problem) -> String {
    format!("{}: {}", problem.detail, problem.next)
}

struct Compared {
    said: String,
    /// What an admin has to mend.
    fault: Option<String>,
    /// The machines that the last comparison found without a workspace.
    empty: Vec<Empty>,
}

async fn compare(app: &Ready, occasion: Occasion) -> Result<Compared, Problem> {
    let view = leaving::view(app).await?;
    let outcome = leaving::everybody(app, &view).await?;
    let View { residents, people, memory } = view;
    let Some(people) = people else {
        let problem = Problem::from(graph::Error::NoGroup);
        let (said, fault) = (problem.detail.clone(), Some(sentence(&problem)));
        return Ok(Compared { said, fault, empty: last_empty(memory) });
    };
    let retention = app.settings.leaving.retention;
    let found = membership::differences(&people, &residents, allowed(app), retention, app.now());
    let joins = found.joins.len();
    let sent = match occasion {
        Occasion::Timer => found.joins,
        // another notification may have sent for the same people a moment ago
        Occasion::Notification => app.sent_for.others(found.joins, app.now()),
    };
    enqueue(app, sent).await?;
    let mut ended = 0;
    // a brake may mean that the group is not what it seems: nothing is deleted then
    if outcome.brake.is_none() {
        ended = end_retention(app, found.expired).await?;
    }
    let unknown: Vec<&str> = people
        .iter()
        .filter_map(|p| if let Standing::Unknown { why } = &p.standing { Some(why.as_str()) } else { None })
        .collect();
    let fault = unknown.first().map(|why| {
        format!(
            "{} of {} people are neither admitted nor removed: {why}; a new grant may take hours to count",
            unknown.len(),
            people.len()
        )
    });
    Ok(Compared {
        said: format!(
            "{} people, {} namespaces: {} to look at, {} left, {ended} past retention",
            people.len(),
            residents.len(),
            joins,
            outcome.gone
        ),
        fault,
        empty: last_empty(memory),
    })
}

async fn enqueue(app: &Ready, joins: Vec<Member>) -> Result<(), Problem> {
    stream::iter(joins)
        .map(|member| async move {
            let message = Message::Member { member, after: LAST_LOOK, flow: None };
            app.queue.put(&message, Duration::ZERO, QUEUE).await?;
            app.sent_for.note(member, app.now());
            Ok::<_, Problem>(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(())
}

/// Deletes what was kept of those who left long ago; how many. Each is asked about once more: there is no way back.
async fn end_retention(app: &Ready, expired: Vec<Resident>) -> Result<usize, Problem> {
    let ended: Vec<bool> = stream::iter(expired)
        .map(|resident| async move {
            let member = resident.member;
            if app.graph.person(member).await?.standing != Standing::Stranger {
                return Ok::<_, Problem>(false);
            }
            app.cluster.delete_volume(member).await?;
            if app.settings.leaving.delete_data {
                app.storage.delete_container(member).await?;
            }
            // last: as long as it is there, the rest is found again
            let deleted = app.cluster.delete_namespace(&resident).await?;
            if deleted {
                tracing::info!(%member, "retention: the home disk is deleted");
            }
            Ok(deleted)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(ended.into_iter().filter(|deleted| *deleted).count())
}

/// Brings the subscription to what it should be: one, right, and with time before it.
async fn subscribe(app: &Ready, occasion: Occasion) -> Result<String, Problem> {
    let until = app.now() + LIFE;
    let (mut right, wrong): (Vec<_>, Vec<_>) = app.graph.find().await?.into_iter().partition(|s| s.fits);
    right.sort_by_key(|subscription| std::cmp::Reverse(subscription.expires));
    let mut kept = None;
    if let Some(newest) = right.first() {
        let old = newest.expires < until - RENEW_AFTER;
        kept = if old || occasion == Occasion::Notification {
            app.graph.renew(&newest.id, until).await?
        } else {
            Some(newest.clone())
        };
    }
    // Graph takes no second one for the same, so what is wrong goes first
    for other in wrong.iter().chain(right.iter().skip(1)) {
        app.graph.delete(&other.id).await?;
    }
    let subscription = match kept {
        Some(kept) => kept,
        None => app.graph.create(until).await?,
    };
    Ok(format!("subscribed until {}", subscription.expires.format("%Y-%m-%d")))
}
