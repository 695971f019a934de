//! Leaving: decided with the whole group in view, held by the brake, and taken step by step, the workspace last.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures::{StreamExt, stream};

use crate::{
    api::problem::{Code, Problem},
    app::Ready,
    cluster::Memory,
    domain::{
        member::Member,
        membership::{Brake, Left, Person, Resident, Standing},
        usage::Usage,
        workspace::Workspace,
    },
    graph,
    plan::{
        lifecycle::Step,
        membership::{self, Everybody, Leaving},
    },
    turn::act::act,
};

/// People who are seen off at once.
const AT_ONCE: usize = 16;

/// How often a workspace is looked at whose own controller writes to it while it is taken away.
const LOOKS: usize = 20;

/// How long a message waits while another one sees people off; with its own turn it stays far below the host's timeout.
const OTHERS: Duration = Duration::from_secs(60);

/// What there is to decide about.
pub struct View {
    pub residents: Vec<Resident>,
    /// None where the group does not exist.
    pub people: Option<Vec<Person>>,
    pub memory: Memory,
}

/// What became of the leavers.
pub struct Outcome {
    /// How many have left.
    pub gone: usize,
    pub brake: Option<Brake>,
}

/// Looks at everybody: the cluster first, so that whoever joins in between is no loser.
///
/// # Errors
/// When Graph or the cluster does not tell the whole.
pub async fn view(app: &Ready) -> Result<View, Problem> {
    let (residents, memory) = futures::try_join!(app.cluster.residents(), app.cluster.memory())?;
    let people = match app.graph.members().await {
        Ok(people) => Some(people),
        Err(graph::Error::NoGroup) => None,
        Err(e) => return Err(e.into()),
    };
    Ok(View { residents, people, memory })
}

/// Looks at somebody who is not in the group. If that is news, everybody is looked at: what was found, for the log,
/// and whether anything changed.
///
/// # Errors
/// What Graph, the cluster or storage met; the message comes again.
pub async fn look_at(app: &Ready, member: Member) -> Result<(String, bool), Problem> {
    // many leave at once, and the first of their messages sees off all of them: the others wait for that, and go on
    // without it when it takes long
    let _alone = tokio::time::timeout(OTHERS, app.leaving.lock()).await;
    if !app.cluster.has_workspace(member).await? {
        return Ok((format!("{member} is not in the group, and has no workspace"), false));
    }
    // one look at everybody says it for all of them
    if let Some(brake) = app.cluster.memory().await?.brake
        && brake.losers.contains(&member)
        && app.settings.leaving.confirmed != Some(brake.since)
    {
        return Ok((brake.to_string(), false));
    }
    let outcome = everybody(app, &view(app).await?).await?;
    match outcome.brake {
        Some(brake) => Ok((brake.to_string(), false)),
        None => Ok((format!("{} people have left", outcome.gone), outcome.gone > 0)),
    }
}

/// Decides for everybody, and sees off who goes.
///
/// # Errors
/// What the first of them met; all others are seen off all the same.
pub async fn everybody(app: &Ready, view: &View) -> Result<Outcome, Problem> {
    let now = app.now();
    let everybody = Everybody { residents: &view.residents, group: view.people.as_deref() };
    let held = view.memory.brake.as_ref();
    let (losers, confirmed) = match membership::leaving(everybody, held, app.settings.leaving.confirmed, now)
    {
        Leaving::Go { losers, confirmed } => (losers, confirmed),
        Leaving::Held(brake) => {
            tracing::warn!(brake = %brake, "leaving");
            if held != Some(&brake) {
                app.cluster.remember_brake(Some(&brake)).await?;
            }
            return Ok(Outcome { gone: 0, brake: Some(brake) });
        }
    };
    let left = Left { at: now.trunc_subsecs(0), confirmed };
    let losers: Vec<Resident> =
        view.residents.iter().filter(|resident| losers.contains(&resident.member)).cloned().collect();
    let results: Vec<Result<bool, Problem>> = stream::iter(losers)
        .map(|resident| async move {
            // a list is answered from an index that may lag behind: each is asked about once more
            let gone = view.people.is_none() || is_gone(app, resident.member).await?;
            if gone {
                see_off(app, &resident, left).await?;
            }
            Ok(gone)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let gone = results.iter().filter(|result| matches!(result, Ok(true))).count();
    results.into_iter().collect::<Result<Vec<_>, _>>()?;
    if held.is_some() {
        app.cluster.remember_brake(None).await?;
    }
    Ok(Outcome { gone, brake: None })
}

async fn is_gone(app: &Ready, member: Member) -> Result<bool, Problem> {
    Ok(app.graph.person(member).await?.standing == Standing::Stranger)
}

/// Takes a workspace away, in an order that can break off anywhere: dated first, the StatefulSet last. Home disk and
/// container stay.
async fn see_off(app: &Ready, resident: &Resident, left: Left) -> Result<(), Problem> {
    let (cluster, member) = (&app.cluster, resident.member);
    if resident.left.is_none() {
        cluster.mark_left(resident, left).await?;
    }
    let ended = end(app, member, left.at).await?;
    let profiles = &app.settings.workspaces.profiles;
    if let Some(usage) = ended.as_ref().and_then(|ended| Usage::to_record(ended, member, profiles)) {
        app.storage.record(&usage).await?;
    }
    // also where somebody took the workspace away by hand
    match cluster.delete_secrets(member).await {
        // it never came to our rights there, which are before everything else
        Err(crate::cluster::Error::Forbidden(_)) if ended.is_none() => {}
        done => done?,
    }
    if let Some(ended) = ended {
        take_away(app, member, ended).await?;
    }
    tracing::info!(%member, "leaving: the workspace is gone; home and data are kept");
    Ok(())
}

/// Ends the session that runs or waits, if one does: the workspace as it is then, if there is one.
async fn end(app: &Ready, member: Member, now: DateTime<Utc>) -> Result<Option<Workspace>, Problem> {
    for _ in 0..LOOKS {
        let Some(seen) = app.cluster.workspace(member).await? else {
            return Ok(None);
        };
        let Some(ended) = membership::last_end(&seen, now) else {
            return Ok(Some(seen));
        };
        match act(app, member, &Step::End { saw: seen.seen, ended }).await {
            Ok(_) | Err(crate::cluster::Error::Changed) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(keeps_changing())
}

/// Deletes the StatefulSet, unless somebody started it since: its own controller may write to it meanwhile.
async fn take_away(app: &Ready, member: Member, ended: Workspace) -> Result<(), Problem> {
    let Workspace { mut version, seen, .. } = ended;
    for _ in 0..LOOKS {
        if app.cluster.delete_workspace(member, &version).await? {
            return Ok(());
        }
        match app.cluster.workspace(member).await? {
            Some(now) if now.seen == seen => version = now.version,
            Some(_) => break,
            None => return Ok(()),
        }
    }
    Err(keeps_changing())
}

fn keeps_changing() -> Problem {
    Problem::new(Code::KeepsChanging, "a workspace changed while its member was seen off")
        .next("It is looked at again by itself.")
}
