//! The machines of all profiles: those that stay although nobody is on them are told.

use chrono::SubsecRound;

use crate::{app::Ready, cluster::Error, domain::node::Empty, plan::nodes};

/// Looks at them: those without a workspace now, and what is to be said of those that stay. `before` is what the last
/// look found.
///
/// # Errors
/// When the cluster does not give the lists whole.
pub async fn look(app: &Ready, before: &[Empty]) -> Result<(Vec<Empty>, Vec<String>), Error> {
    let selectors: Vec<_> =
        app.settings.workspaces.profiles.iter().map(|profile| &profile.node_selector).collect();
    let now = app.now().trunc_subsecs(0);
    let empty = nodes::empty(&app.cluster.nodes(&selectors).await?, before, now);
    let stay = empty.iter().filter(|empty| nodes::lingers(empty, now));
    let told = stay.map(|empty| {
        let (says, next) = nodes::words(empty);
        format!("{says} {next}")
    });
    let told = told.collect();
    Ok((empty, told))
}
