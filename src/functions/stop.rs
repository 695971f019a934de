//! POST `/api/stop`: a member's workspace is stopped, from any state; home and data are kept.

use std::sync::Arc;

use crate::{
    api::{
        body::NoBody,
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    turn::{door, workspace},
};

/// 200 when it is off, 202 while it ends.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let asks = door::enter(app, &request, &[]).await?;
    let NoBody {} = request.json()?;
    Ok(workspace::stop(app, asks).await.map_err(|problem| asks.told(problem))?.reply())
}
