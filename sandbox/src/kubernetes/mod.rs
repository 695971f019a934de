//! The control plane's processes, with their certificates and flags.

pub mod access;
pub mod apply;
mod binaries;
mod flags;
pub mod given;
pub(crate) mod ports;

use crate::{
    certificates::{Authority, Leaf},
    process::{Child, Program},
};
use anyhow::{Context, Result};
use flags::{Files, Ports};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client};
use reqwest::Url;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

pub use binaries::Binaries;

/// What AKS brings to a new cluster.
const CLUSTER: &str = include_str!("cluster.yaml");

/// A part that is not up by then will not come.
const UP: Duration = Duration::from_secs(60);

/// Who issues the tokens that the API server accepts.
pub struct Issuer {
    pub issuer: String,
    pub discovery: Url,
}

/// A running control plane.
pub struct ControlPlane {
    pub url: Url,
    pub kubeconfig: PathBuf,
    /// The cluster's administrator.
    pub client: Client,
    /// Who signed the certificate of a cluster that is not ours (DER); ours is signed by the world.
    pub authorities: Option<Vec<Vec<u8>>>,
    /// In the order in which they are stopped.
    children: Vec<Child>,
}

impl ControlPlane {
    /// Starts all parts and waits until the cluster answers and its controllers work.
    ///
    /// # Errors
    /// With the last lines of the part that did not come up.
    pub async fn start(binaries: &Binaries, state: &Path, ca: &Authority, issuer: &Issuer) -> Result<Self> {
        let folder = state.join("kubernetes");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} can not be made", folder.display()))?;
        let [etcd, etcd_peer, api, controllers, scheduler] = ports::free()?;
        let ports = Ports { etcd, etcd_peer, api, controllers, scheduler };
        let url = Url::parse(&format!("https://127.0.0.1:{api}/"))?;
        let files = Files(folder.clone());
        let kubeconfig = state.join("kubeconfig");
        write_files(&files, &kubeconfig, &url, ca, issuer)?;

        let run = |part: &'static str, flags: Vec<String>| {
            let (path, first) = binaries.part(part);
            Program::new(part, path, folder.join(format!("{part}.log"))).args(first).args(flags).start()
        };
        let etcd = run("etcd", flags::etcd(ports, &folder.join("etcd"))).await?;
        // the API server tries etcd again by itself
        let api_server = run("kube-apiserver", flags::api_server(ports, &files)).await?;
        let client = access::client(&kubeconfig).await?;
        api_server.ready(UP, || ask(&client, "/readyz")).await?;
        let controllers = run("kube-controller-manager", flags::controllers(ports, &files)).await?;
        let scheduler = run("kube-scheduler", flags::scheduler(ports, &files)).await?;
        apply::all(&client, &apply::documents(CLUSTER)?).await?;
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
        controllers.ready(UP, || async { accounts.get("default").await.is_ok() }).await?;
        Ok(Self {
            url,
            kubeconfig,
            client,
            authorities: None,
            children: vec![scheduler, controllers, api_server, etcd],
        })
    }

    /// Which part has ended although nobody stopped it.
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        let names = ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"];
        let ended = self.children.iter().zip(names).find(|(child, _)| child.ended().is_some())?;
        Some(format!("{} has ended by itself", ended.1))
    }

    /// The processes' ids, by part.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.children.iter().map(Child::pid).collect()
    }

    /// Stops all parts, etcd last: the API server waits for it, and an etcd that closes keeps its ports.
    pub async fn stop(&self) {
        if let [scheduler, controllers, api_server, etcd] = self.children.as_slice() {
            tokio::join!(scheduler.stop(Duration::from_secs(3)), controllers.stop(Duration::from_secs(3)));
            api_server.stop(Duration::from_secs(3)).await;
            etcd.stop(Duration::from_secs(3)).await;
        }
    }
}

async fn ask(client: &Client, path: &str) -> bool {
    let Ok(request) = http::Request::get(path).body(Vec::new()) else {
        return false;
    };
    client.request_text(request).await.is_ok()
}

fn write_files(files: &Files, admin: &Path, url: &Url, ca: &Authority, issuer: &Issuer) -> Result<()> {
    let pair = |name: &str, leaf: &Leaf| -> Result<()> {
        std::fs::write(files.at(&format!("{name}.crt")), &leaf.certificate_pem)?;
        access::write_secret(&files.at(&format!("{name}.key")), &leaf.key_pem)
    };
    std::fs::write(files.at("ca.crt"), ca.pem())?;
    let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.0.0.1"];
    pair("apiserver", &ca.server_leaf(&names)?)?;
    pair("kubelet-client", &ca.client_leaf("kube-apiserver-kubelet-client", "system:masters")?)?;
    let accounts = rcgen::KeyPair::generate()?;
    access::write_secret(&files.at("accounts.key"), &accounts.serialize_pem())?;
    std::fs::write(files.at("accounts.pub"), accounts.public_key_pem())?;
    let authentication = access::authentication(&issuer.issuer, &issuer.discovery, &ca.pem());
    std::fs::write(files.at("authentication.json"), authentication)?;
    for (file, user) in [
        ("controllers.kubeconfig", "system:kube-controller-manager"),
        ("scheduler.kubeconfig", "system:kube-scheduler"),
    ] {
        access::write_kubeconfig(&files.at(file), url, &ca.pem(), &ca.client_leaf(user, "world")?)?;
    }
    access::write_kubeconfig(admin, url, &ca.pem(), &ca.client_leaf("admin", "system:masters")?)
}
