//! Does what a plan says: the only place that reads a step.

use crate::{
    app::Ready,
    cluster::{Error, Owner},
    domain::{member::Member, workspace::Workspace},
    plan::lifecycle::Step,
};

/// Takes the steps in order; none when one of them saw what is no more. What the workspace then is comes back where a step
/// changed it.
///
/// # Errors
/// What the cluster met.
pub async fn carry_out(
    app: &Ready,
    member: Member,
    steps: &[Step],
) -> Result<Option<Option<Workspace>>, Error> {
    let mut workspace = None;
    for step in steps {
        match act(app, member, step).await {
            Ok(changed) => workspace = changed.or(workspace),
            Err(Error::Changed) => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    Ok(Some(workspace))
}

/// Takes one step. What the workspace then is comes back where the step changed it.
///
/// # Errors
/// [`Error::Changed`] where somebody else changed what the step saw: look again, decide again.
pub async fn act(app: &Ready, member: Member, step: &Step) -> Result<Option<Workspace>, Error> {
    let cluster = &app.cluster;
    match step {
        Step::SwitchOn { saw, session, profile } => {
            let owner = Owner { member, settings: &app.settings };
            cluster.switch_on(owner, saw, session, profile).await.map(Some)
        }
        Step::Wait { saw, session } => cluster.wait(member, saw, session).await.map(Some),
        Step::End { saw, ended } => cluster.end(member, saw, ended).await.map(Some),
        Step::Stop { ended } => cluster.stop(member, ended).await.map(Some),
        Step::DeletePod { name, uid } => cluster.delete_pod(member, name, uid).await.map(|()| None),
    }
}
