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
    turn::{
        door::{self, Asks},
        workspace,
    },
};

/// 200 when it runs, 202 while it starts.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let (caller, member) = door::enter(app, &request, &[]).await?;
    let StartBody { profile, image, provider } = request.json()?;
    let wish = StartWish { by: caller.member, profile, image, id: Uuid::new_v4().simple().to_string() };
    let started = workspace::start(app, Asks::new(caller, member), &wish, provider.map(Into::into)).await;
    Ok(started.map_err(door::told_to(caller, member))?.reply())
}
