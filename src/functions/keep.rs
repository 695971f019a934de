//! POST `/api/keep`: a member's workspace is kept for a time, within the cap, whether it is used or not.

use std::sync::Arc;

use crate::{
    api::{
        body::KeepBody,
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    turn::{door, idle},
};

/// 200 with what holds now.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let asks = door::enter(app, &request, &[]).await?;
    let wished = request.json::<KeepBody>()?.wished(app.now())?;
    Ok(idle::keep(app, asks, wished).await.map_err(|problem| asks.told(problem))?.reply())
}
