//! Does what a plan says: the only place that reads a step.

use crate::{
    app::Ready,
    cluster::{Error, Owner},
    domain::{member::Member, workspace::Workspace},
    plan::lifecycle::Step,
};

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
