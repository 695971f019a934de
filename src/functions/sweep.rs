//! Timer `%SWEEP_SCHEDULE%`: all workspaces are gone through, for what nobody asks about.

use std::sync::Arc;

use crate::{
    api::problem::Problem,
    app::App,
    turn::sweep::{Scope, sweep},
};

/// Goes through all, and does what is due.
///
/// # Errors
/// What the turn met, for the log; the next one comes by itself.
pub async fn run(app: Arc<App>) -> Result<String, Problem> {
    sweep(app.ready()?, Scope::Due).await
}
