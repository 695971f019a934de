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
    let caller = door::caller(app, &request).await?;
    request.only_parameters(&["member"])?;
    let member = door::whose(caller, &request)?;
    let NoBody {} = request.json()?;
    let outcome = workspace::stop(app, member, caller.member).await?;
    Ok(if outcome.under_way {
        Reply::json(202, &outcome.body).retry_after(5)
    } else {
        Reply::json(200, &outcome.body)
    })
}
