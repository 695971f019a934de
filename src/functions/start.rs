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
    let caller = door::caller(app, &request).await?;
    request.only_parameters(&["member"])?;
    let member = door::whose(caller, &request)?;
    let StartBody { profile, image } = request.json()?;
    let wish = StartWish { by: caller.member, profile, image, id: Uuid::new_v4().simple().to_string() };
    let outcome = workspace::start(app, member, &wish).await?;
    Ok(if outcome.under_way {
        Reply::json(202, &outcome.body).retry_after(5)
    } else {
        Reply::json(200, &outcome.body)
    })
}
