//! GET `/api/openapi`: the description of the API, for programs and those who write them.

use std::sync::Arc;

use crate::{
    api::{
        exchange::{Reply, Request},
        openapi::{self, Described},
        problem::Problem,
    },
    app::App,
};

/// 200 for everybody: it says no more than the README, and where to sign in.
///
/// # Errors
/// When the settings are faulty.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    request.only_parameters(&[])?;
    let entra = &app.settings.entra;
    let document = openapi::document(Described {
        tenant_url: &format!("{}/{}", entra.authority, entra.tenant),
        client_id: &entra.client_id,
        profiles: &app.settings.workspaces.profiles.names(),
        version: env!("CARGO_PKG_VERSION"),
    });
    Ok(Reply::json(200, &document))
}
