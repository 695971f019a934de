//! Timer `%RECONCILE_SCHEDULE%`: the group is compared with the cluster, and the subscription is kept alive.

use std::sync::Arc;

use crate::{
    api::problem::Problem,
    app::App,
    turn::reconcile::{Occasion, reconcile},
};

/// Compares, and has every difference looked at.
///
/// # Errors
/// What the turn met, for the log; the next one comes by itself.
pub async fn run(app: Arc<App>) -> Result<String, Problem> {
    reconcile(app.ready()?, Occasion::Timer).await
}
