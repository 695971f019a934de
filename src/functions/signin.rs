//! POST `/api/signin`: a member signs in to the tunnel, also anew and while their workspace runs.

use std::sync::Arc;

use crate::{
    api::{
        body::SignInWish,
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    turn::{door, workspace},
};

/// 202 with the code and where to type it.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let asks = door::enter(app, &request, &[]).await?;
    let SignInWish { provider } = request.json()?;
    let begun = workspace::sign_in(app, asks, provider.map(Into::into)).await;
    Ok(begun.map_err(|problem| asks.told(problem))?.reply())
}
