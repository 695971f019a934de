//! GET `/api/health`: whether the app is set up and reaches the cluster; for machines, and for whoever deploys.

use std::sync::Arc;

use crate::{
    api::{
        body::HealthBody,
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
};

/// 200 when all is well, 503 with the faults otherwise. Says nothing about members, so it asks nobody who they are.
///
/// # Errors
/// None: its body is the answer.
pub async fn run(app: Arc<App>, _request: Request) -> Result<Reply, Problem> {
    let mut faults = app.faults().to_vec();
    if let Ok(ready) = app.ready()
        && let Err(e) = ready.cluster.ping().await
    {
        tracing::warn!(error = %e, "health: the cluster does not answer");
        faults.push("the cluster does not answer, or does not know this app: see the log".to_owned());
    }
    let status = if faults.is_empty() { 200 } else { 503 };
    Ok(Reply::json(
        status,
        &HealthBody { healthy: faults.is_empty(), version: env!("CARGO_PKG_VERSION"), faults },
    ))
}
