//! Everybody at once, as admins see them: lists, what is remembered, and of each workspace that is on the end of its log.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::{
    api::{
        problem::Problem,
        workspaces::{ComparisonBody, MachineBody, PersonBody, WorkspacesBody},
    },
    app::Ready,
    cluster::{Residence, Run},
    domain::{idleness::Testimony, member::Member, workspace::Session},
    plan::{membership, nodes},
    turn::idle,
};

/// Logs that are read at once.
const AT_ONCE: usize = 16;

/// How long all of them may take: an admin waits, and machines that do not answer are many on a bad day.
const HEARING: Duration = Duration::from_secs(20);

/// Where everybody stands who has a namespace here, or only one of them, and what the next sweep would do.
///
/// # Errors
/// When the cluster does not tell the whole.
pub async fn workspaces(app: &Ready, only: Option<Member>) -> Result<WorkspacesBody, Problem> {
    let cluster = &app.cluster;
    let (residences, memory) = futures::try_join!(cluster.residences(only), cluster.memory())?;
    let until = Instant::now() + HEARING;
    let people = stream::iter(residences)
        .map(|residence| async move { person(app, &residence, until).await })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let comparison = memory.comparison.map(|comparison| {
        let stay = comparison.empty.iter().filter(|empty| nodes::lingers(empty, comparison.at));
        let machines = stay.map(|empty| MachineBody::new(empty, nodes::words(empty))).collect();
        ComparisonBody::new(comparison, machines)
    });
    Ok(WorkspacesBody::new(memory.brake.as_ref(), comparison, people))
}

async fn person(app: &Ready, of: &Residence, until: Instant) -> PersonBody {
    let kept_until = of.left.map(|left| membership::kept_until(left, app.settings.leaving.retention));
    let session = of.workspace.as_ref().and_then(|run| run.session.as_ref());
    let body = PersonBody::new(of.member, of.name.clone(), of.situation(kept_until, app.now()), session)
        .left(of.left.map(|left| left.at), kept_until);
    let on = of.workspace.as_ref().and_then(Run::current).filter(|session| session.started.is_some());
    let Some(session) = on else { return body };
    // by the same read as a sweep of this moment
    let testimony = hear(app, of, session, until).await;
    let body = body.living(idle::life_of(app, session, &testimony));
    match &testimony {
        Testimony::Heard { activity, hold, .. } => body.active(activity, hold.map(|wish| wish.until)),
        Testimony::Silence { .. } | Testimony::Halted { .. } | Testimony::Unplaced => body,
    }
}

/// What can be learnt of a workspace's use; one that can not be read keeps nobody from seeing the others.
async fn hear(app: &Ready, of: &Residence, session: &Session, until: Instant) -> Testimony {
    let (pods, state, now) = (of.pods(), of.state(session, app.now()), app.now());
    match timeout_at(until, app.cluster.hear(of.member, session, &pods, state.as_ref(), now)).await {
        Ok(Ok(testimony)) => testimony,
        Ok(Err(error)) => {
            tracing::warn!(member = %of.member, %error, "workspaces: its log can not be read");
            Testimony::Silence { why: "the cluster does not give its log" }
        }
        Err(_) => Testimony::Silence { why: "its log was not read in time" },
    }
}
