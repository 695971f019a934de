//! GET `/api/status`: where a member's workspace stands, in words.

use std::sync::Arc;

use crate::{
    api::{
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    turn::{door, workspace},
};

/// 200 whatever the phase is.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let asks = door::enter(app, &request, &[]).await?;
    let outcome = workspace::status(app, asks).await.map_err(|problem| asks.told(problem))?;
    let reply = Reply::json(200, &outcome.body);
    Ok(if outcome.under_way { reply.retry_after(workspace::POLL) } else { reply })
}
