//! The flags of each part of the control plane, as they were tried.

use std::path::{Path, PathBuf};

/// The ports of a control plane, all free when they were taken.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub etcd: u16,
    pub etcd_peer: u16,
    pub api: u16,
    pub controllers: u16,
    pub scheduler: u16,
}

/// The files that the flags name, all in one folder.
#[derive(Clone, Debug)]
pub struct Files(pub PathBuf);

impl Files {
    /// One of the files.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn flag(&self, flag: &str, name: &str) -> String {
        format!("--{flag}={}", self.at(name).display())
    }
}

/// etcd, which keeps nothing beyond the world and therefore need not wait for the disk.
#[must_use]
pub fn etcd(ports: Ports, data: &Path) -> Vec<String> {
    let (client, peer) = (ports.etcd, ports.etcd_peer);
    vec![
        "--name=world".into(),
        format!("--data-dir={}", data.display()),
        "--unsafe-no-fsync".into(),
        format!("--listen-client-urls=http://127.0.0.1:{client}"),
        format!("--advertise-client-urls=http://127.0.0.1:{client}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-cluster=world=http://127.0.0.1:{peer}"),
        "--log-level=warn".into(),
    ]
}

/// The API server: certificates of the world's authority, RBAC, and Entra's tokens. Service account
/// admission, Pod Security, admission policies and quota are on by default.
#[must_use]
pub fn api_server(ports: Ports, files: &Files) -> Vec<String> {
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={}", ports.api),
        "--advertise-address=127.0.0.1".into(),
        files.flag("cert-dir", "apiserver"),
        files.flag("tls-cert-file", "apiserver.crt"),
        files.flag("tls-private-key-file", "apiserver.key"),
        files.flag("client-ca-file", "ca.crt"),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".into(),
        files.flag("service-account-signing-key-file", "accounts.key"),
        files.flag("service-account-key-file", "accounts.pub"),
        files.flag("authentication-config", "authentication.json"),
        "--authorization-mode=RBAC".into(),
        "--service-cluster-ip-range=10.0.0.0/16".into(),
        "--allow-privileged=true".into(),
        "--kubelet-preferred-address-types=InternalIP".into(),
        files.flag("kubelet-certificate-authority", "ca.crt"),
        files.flag("kubelet-client-certificate", "kubelet-client.crt"),
        files.flag("kubelet-client-key", "kubelet-client.key"),
        // the address of a one-machine world would be refused as an endpoint, and nobody asks for it
        "--endpoint-reconciler-type=none".into(),
        "--max-requests-inflight=3000".into(),
        "--max-mutating-requests-inflight=1000".into(),
        "--profiling=false".into(),
    ]
}

/// The controllers, each under its own account as on a real cluster.
#[must_use]
pub fn controllers(ports: Ports, files: &Files) -> Vec<String> {
    let mut flags = vec![
        files.flag("kubeconfig", "controllers.kubeconfig"),
        files.flag("service-account-private-key-file", "accounts.key"),
        files.flag("root-ca-file", "ca.crt"),
        "--use-service-account-credentials=true".into(),
        "--concurrent-statefulset-syncs=20".into(),
        format!("--secure-port={}", ports.controllers),
        files.flag("cert-dir", "controllers"),
    ];
    flags.extend(unhurried());
    flags
}

/// The scheduler.
#[must_use]
pub fn scheduler(ports: Ports, files: &Files) -> Vec<String> {
    let mut flags = vec![
        files.flag("kubeconfig", "scheduler.kubeconfig"),
        format!("--secure-port={}", ports.scheduler),
        files.flag("cert-dir", "scheduler"),
    ];
    flags.extend(unhurried());
    flags
}

/// Without the client limits of a small cluster, which would dominate any mass start.
fn unhurried() -> [String; 5] {
    [
        "--leader-elect=false".into(),
        "--bind-address=127.0.0.1".into(),
        "--kube-api-qps=1000".into(),
        "--kube-api-burst=2000".into(),
        "--profiling=false".into(),
    ]
}
