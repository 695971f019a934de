//! The sweep: all workspaces are listed, and each gets what is left to do for it.

use futures::{StreamExt, stream};

use crate::{
    api::problem::Problem,
    app::Ready,
    cluster::Error,
    domain::workspace::Occupancy,
    plan::{
        idle::due,
        sweep::{Chore, chores, strange},
    },
    turn::{idle, sign_in},
};

/// Workspaces that are seen to at once.
const AT_ONCE: usize = 16;

/// Goes through all workspaces: what was done, for the log. Each is seen to whatever became of the others.
///
/// # Errors
/// What the lists met, or the first of the workspaces; the next sweep finds again what was left.
pub async fn sweep(app: &Ready) -> Result<String, Problem> {
    let now = app.now();
    let all = app.cluster.occupancies(now).await?;
    let listed = all.len();
    let profiles = &app.settings.workspaces.profiles;
    for (seen, why) in all.iter().filter_map(|seen| Some((seen, strange(seen, now)?))) {
        tracing::warn!(member = %seen.member, why, "sweep: left as it is, for an admin to look at");
    }
    let todo = all.into_iter().flat_map(|seen| {
        let chores = chores(&seen, profiles);
        let due = seen.current().is_some_and(|session| due(session, now));
        (due || !chores.is_empty()).then_some((seen, chores))
    });
    let results: Vec<Result<usize, Problem>> = stream::iter(todo)
        .map(|(seen, chores)| async move { see_to(app, &seen, &chores).await })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let touched = results.len();
    let done: usize = results.into_iter().sum::<Result<_, _>>()?;
    Ok(format!("{listed} workspaces: {done} things done for {touched} of them"))
}

async fn see_to(app: &Ready, seen: &Occupancy, chores: &[Chore]) -> Result<usize, Problem> {
    let member = seen.member;
    for chore in chores {
        match take(app, seen, chore).await {
            Ok(what) => tracing::info!(%member, what, "sweep"),
            Err(problem) => {
                tracing::warn!(%member, what = %chore, error = %problem, "sweep");
                return Err(problem);
            }
        }
    }
    match idle::look_after(app, seen).await {
        Ok(None) => Ok(chores.len()),
        Ok(Some(what)) => {
            tracing::info!(%member, what, "sweep");
            Ok(chores.len() + 1)
        }
        Err(problem) => {
            tracing::warn!(%member, what = "its use is looked at", error = %problem, "sweep");
            Err(problem)
        }
    }
}

/// Does one thing, in words: what it came to.
async fn take(app: &Ready, seen: &Occupancy, chore: &Chore) -> Result<String, Problem> {
    let member = seen.member;
    match chore {
        Chore::DeletePod { name, uid } => app.cluster.delete_pod(member, name, uid).await?,
        Chore::Record(usage) => {
            app.storage.record(usage).await?;
            let Some(ended) = &seen.ended else { return Ok(chore.to_string()) };
            match app.cluster.note_recorded(member, &seen.seen, ended).await {
                // a start since then has recorded it, too; or the member has left
                Ok(()) | Err(Error::Changed | Error::NotFound) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Chore::SignIn => return sign_in::visit(app, member).await,
    }
    Ok(chore.to_string())
}
