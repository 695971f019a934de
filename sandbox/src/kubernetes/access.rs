//! Who may reach the cluster and how: kubeconfigs, clients, and the check of Entra's tokens.

use crate::certificates::Leaf;
use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use kube::{Client, Config, config::KubeConfigOptions, config::Kubeconfig};
use reqwest::Url;
use serde_json::json;
use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

/// The application that stands for every AKS cluster in Entra: the audience of tokens for a cluster.
pub const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Writes a file that only its owner reads.
///
/// # Errors
/// Names the file that can not be written.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    let _ = std::fs::remove_file(path);
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let write = file.and_then(|mut file| file.write_all(text.as_bytes()));
    write.with_context(|| format!("{} can not be written", path.display()))
}

/// Writes a kubeconfig for one user with a client certificate.
///
/// # Errors
/// Names the file that can not be written.
pub fn write_kubeconfig(path: &Path, cluster: &Url, ca: &str, user: &Leaf) -> Result<()> {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "world",
        "clusters": [{"name": "world", "cluster": {
            "server": cluster.as_str().trim_end_matches('/'), "certificate-authority-data": encode(ca)}}],
        "users": [{"name": "world", "user": {
            "client-certificate-data": encode(&user.certificate_pem),
            "client-key-data": encode(&user.key_pem)}}],
        "contexts": [{"name": "world", "context": {"cluster": "world", "user": "world"}}],
    });
    write_secret(path, &serde_json::to_string_pretty(&config)?)
}

/// A client for the cluster of a kubeconfig, which does not try again by itself: its callers look again.
///
/// # Errors
/// Names the file that does not lead to a client.
pub async fn client(kubeconfig: &Path) -> Result<Client> {
    let config = config(kubeconfig).await?;
    Client::try_from(config).with_context(|| format!("{} leads to no client", kubeconfig.display()))
}

/// The configuration behind [`client`].
///
/// # Errors
/// Names the file that can not be read.
pub async fn config(kubeconfig: &Path) -> Result<Config> {
    let read = || format!("{} is no kubeconfig", kubeconfig.display());
    let file = Kubeconfig::read_from(kubeconfig).with_context(read)?;
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(file, &options).await.with_context(read)?;
    config.default_retry = false;
    config.proxy_url = None;
    Ok(config)
}

/// What tells the API server to accept Entra's tokens, as AKS does: the user's name is the token's `oid`.
#[must_use]
pub fn authentication(issuer: &str, discovery: &Url, ca: &str) -> String {
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "jwt": [{
            "issuer": {
                "url": issuer, "discoveryURL": discovery.as_str(), "audiences": [AKS_SERVER],
                "certificateAuthority": ca,
            },
            "claimMappings": {
                "username": {"claim": "oid", "prefix": ""},
                "groups": {"expression": "has(claims.groups) ? claims.groups : []"},
            },
        }],
    })
    .to_string()
}
