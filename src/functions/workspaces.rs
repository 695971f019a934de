//! GET `/api/workspaces`: everybody, for admins: where each stands, the brake, and the last comparison with the group.

use std::sync::Arc;

use crate::{
    api::{
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    turn::{door, workspaces},
};

/// 200, also where nobody is.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let only = door::enter_as_admin(app, &request).await?;
    Ok(Reply::json(200, &workspaces::workspaces(app, only).await?))
}
