//! A cluster that exists, in place of one of our own, and the account that an installation has there.

use super::{ControlPlane, access};
use anyhow::{Context, Result};
use k8s_openapi::api::{authentication::v1::TokenRequest, core::v1::ServiceAccount};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use reqwest::Url;
use serde_json::json;
use std::path::Path;

/// Where the accounts lie; it is there on every cluster.
const NAMESPACE: &str = "default";

/// As long as a managed identity's token; the cluster may give less.
const LIFETIME: i64 = 24 * 3600;

/// A service account with a token, in a managed identity's place: that cluster does not know our Entra.
pub struct Account {
    /// What the cluster calls whoever comes with the token.
    pub user: String,
    pub token: String,
    /// In seconds since 1970.
    pub expires: i64,
}

impl ControlPlane {
    /// The cluster of a kubeconfig, whose user has to be its administrator.
    ///
    /// # Errors
    /// Names the file that can not be read, or the cluster that does not answer.
    pub async fn given(kubeconfig: &Path) -> Result<Self> {
        let kubeconfig = kubeconfig.canonicalize().with_context(|| kubeconfig.display().to_string())?;
        let config = access::config(&kubeconfig).await?;
        let url = Url::parse(&config.cluster_url.to_string()).context("the cluster's address is no URL")?;
        let authorities = Some(config.root_cert.clone().unwrap_or_default());
        let client = Client::try_from(config)?;
        client.apiserver_version().await.with_context(|| format!("{url} does not answer as a cluster"))?;
        Ok(Self { url, kubeconfig, client, authorities, children: Vec::new() })
    }
}

/// Makes the account and asks for a token.
///
/// # Errors
/// What the cluster answers; the kubeconfig's user may not be an administrator.
pub async fn account(client: &Client, name: &str) -> Result<Account> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), NAMESPACE);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    let params = PatchParams::apply("administrator").force();
    accounts.patch(name, &params, &Patch::Apply(&account)).await.context("no service account")?;
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "metadata": {"name": name}, "spec": {"audiences": [], "expirationSeconds": LIFETIME}});
    let request: TokenRequest = serde_json::from_value(request)?;
    let answer = accounts.create_token_request(name, &PostParams::default(), &request).await;
    let status =
        answer.context("no token for the service account")?.status.context("no answer about the token")?;
    Ok(Account {
        user: format!("system:serviceaccount:{NAMESPACE}:{name}"),
        token: status.token.context("a token without one")?,
        expires: status.expiration_timestamp.context("a token without an end")?.0.as_second(),
    })
}
