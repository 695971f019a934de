//! POST `/api/start`: a member's workspace is started, as they wish it or as it is by default.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    api::{
        body::StartBody,
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    plan::lifecycle::StartWish,
    turn::{door, workspace},
};

/// 200 when it runs, 202 while it starts.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let asks = door::enter(app, &request, &[]).await?;
    let StartBody { profile, image, provider } = request.json()?;
    let wish = StartWish { by: asks.by, profile, image, id: Uuid::new_v4().simple().to_string() };
    let started = workspace::start(app, asks, &wish, provider.map(Into::into)).await;
    Ok(started.map_err(|problem| asks.told(problem))?.reply())
}
