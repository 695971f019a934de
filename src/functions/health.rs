//! GET `/api/health`: whether the app is set up, reaches the cluster and follows the group; for machines, and for
//! whoever deploys.

use std::sync::Arc;

use crate::{
    api::{
        body::{HealthBody, rfc3339},
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    cluster::Memory,
    domain::member::Member,
};

/// 200 when all is well, 503 with the faults otherwise. Names no member, so it asks nobody who they are.
///
/// # Errors
/// None: its body is the answer.
pub async fn run(app: Arc<App>, _request: Request) -> Result<Reply, Problem> {
    let mut faults = app.faults().to_vec();
    let mut compared = None;
    if let Ok(ready) = app.ready() {
        // one request: what is remembered, by which the cluster also shows that it answers and knows us
        match ready.cluster.memory().await {
            Ok(memory) => {
                faults.extend(remembered(&memory));
                compared = memory.comparison.map(|comparison| rfc3339(comparison.at));
            }
            Err(e) => {
                tracing::warn!(error = %e, "health: the cluster does not answer");
                faults.push("the cluster does not answer, or does not know this app: see the log".to_owned());
            }
        }
    }
    let status = if faults.is_empty() { 200 } else { 503 };
    let healthy = faults.is_empty();
    Ok(Reply::json(status, &HealthBody { healthy, version: env!("CARGO_PKG_VERSION"), compared, faults }))
}

/// The brake while it holds, and what was wrong with the last comparison.
fn remembered(memory: &Memory) -> Vec<String> {
    let brake = memory.brake.iter().map(ToString::to_string);
    let fault = memory.comparison.iter().filter_map(|comparison| {
        let fault = without_people(comparison.fault.as_deref()?);
        Some(format!("the comparison with the group at {} met this: {fault}", rfc3339(comparison.at)))
    });
    brake.chain(fault).collect()
}

/// A text without object ids: what the cluster or Graph said may name somebody.
fn without_people(text: &str) -> String {
    const LENGTH: usize = 36;
    let (mut told, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        if rest.get(..LENGTH).is_some_and(|id| Member::parse(id).is_ok()) {
            told.push_str("(an id)");
            rest = &rest[LENGTH..];
        } else {
            told.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_named() {
        let rows = [
            ("Graph does not answer", "Graph does not answer"),
            (
                "namespaces \"dc-6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b\" not found",
                "namespaces \"dc-(an id)\" not found",
            ),
            ("6E9F2C1A-0D3B-4B52-9A77-1C2D3E4F5A6B", "(an id)"),
            ("– 6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6 –", "– 6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6 –"),
        ];
        for (text, told) in rows {
            assert_eq!(without_people(text), told);
        }
    }
}
