//! Everybody at once, as admins see them. Its cost does not grow with requests: lists, and what is remembered.

use crate::{
    api::{
        problem::Problem,
        workspaces::{ComparisonBody, MachineBody, PersonBody, WorkspacesBody},
    },
    app::Ready,
    cluster::Residence,
    domain::member::Member,
    plan::{membership, nodes},
};

/// Where everybody stands who has a namespace here, or only one of them.
///
/// # Errors
/// When the cluster does not tell the whole.
pub async fn workspaces(app: &Ready, only: Option<Member>) -> Result<WorkspacesBody, Problem> {
    let cluster = &app.cluster;
    let (residences, memory) = futures::try_join!(cluster.residences(only), cluster.memory())?;
    let people = residences.iter().map(|residence| person(app, residence)).collect();
    let comparison = memory.comparison.map(|comparison| {
        let stay = comparison.empty.iter().filter(|empty| nodes::lingers(empty, comparison.at));
        let machines = stay.map(|empty| MachineBody::new(empty, nodes::words(empty))).collect();
        ComparisonBody::new(comparison, machines)
    });
    Ok(WorkspacesBody::new(memory.brake.as_ref(), comparison, people))
}

fn person(app: &Ready, of: &Residence) -> PersonBody {
    let kept_until = of.left.map(|left| membership::kept_until(left, app.settings.leaving.retention));
    let session = of.workspace.as_ref().and_then(|run| run.session.as_ref());
    PersonBody::new(of.member, of.name.clone(), of.situation(kept_until, app.now()), session)
        .left(of.left.map(|left| left.at), kept_until)
}
