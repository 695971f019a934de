//! What an installation has to fill in: for its app's settings and for its manifests.

use super::{Installation, app, placeholders::Values};
use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{collections::BTreeMap, sync::PoisonError};

impl Installation {
    /// The app's settings with everything filled in.
    pub(super) fn settings(&self) -> Result<BTreeMap<String, String>> {
        let wishes = self.wish.lock().unwrap_or_else(PoisonError::into_inner).settings.clone();
        app::settings(&self.ground.app, &[&self.ground.defaults, &wishes], &self.values()?)
    }

    /// What an app's settings may ask for.
    fn values(&self) -> Result<Values> {
        let gate =
            |party: &str| self.gate.url(party).map(|url| url.as_str().trim_end_matches('/').to_owned());
        let account = |party: &str| self.gate.url(party).map(String::from);
        let port = *self.port.lock().unwrap_or_else(PoisonError::into_inner);
        Ok([
            ("functions_url", format!("http://127.0.0.1:{port}")),
            ("installation", self.name.clone()),
            ("tenant", self.ground.entra.tenant().to_string()),
            ("client_id", self.client_id.to_string()),
            ("authority", gate("entra")?),
            ("identity_client_id", self.identity.to_string()),
            ("principal", self.user.clone()),
            ("kubernetes_url", gate("kubernetes")?),
            ("kubernetes_ca", BASE64_STANDARD.encode(self.ground.authority.pem())),
            ("host_account", self.queues.account.name.clone()),
            ("members_account", self.members.name.clone()),
            ("queue_url", account("queue")?),
            ("blob_url", account("blob")?),
            ("graph_url", gate("graph")?),
            ("github_url", gate("github")?),
            ("vscode_url", self.ground.vscode.clone()),
            ("group", self.group.to_string()),
            ("storage_client_id", self.nodes_identity.to_string()),
        ]
        .into())
    }

    /// What manifests may ask for.
    pub(super) fn manifest_values(&self) -> Values {
        [
            ("INSTALLATION", self.name.clone()),
            ("PRINCIPAL_ID", self.user.clone()),
            ("MEMBERS_ACCOUNT", self.members.name.clone()),
        ]
        .into()
    }
}
