//! Timer `%NIGHTLY_SCHEDULE%`: all that is on is looked at, due or not; what it closed is said, and what goes on, and why.

use std::sync::Arc;

use crate::{
    api::problem::Problem,
    app::App,
    turn::sweep::{Scope, sweep},
};

/// Goes through all, and looks at each that is on.
///
/// # Errors
/// What the turn met, for the log; the next one comes by itself.
pub async fn run(app: Arc<App>) -> Result<String, Problem> {
    sweep(app.ready()?, Scope::All).await
}
