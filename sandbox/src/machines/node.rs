//! What a machine is: a process that registers a node and runs its pods as local processes, or a real kubelet.

use super::{kubelet, pools::Pool};
use crate::{
    certificates::{Authority, Leaf},
    kubernetes::access,
    process::{Child, Program},
    world::remains,
};
use anyhow::{Context, Result};
use reqwest::Url;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What all machines of a world share.
#[derive(Clone)]
pub struct Ground {
    /// The program with the part `node`.
    pub program: PathBuf,
    /// Where each machine has its folder.
    pub state: PathBuf,
    /// JSON file: which image stands for which folder.
    pub images: PathBuf,
    /// The folders of disks and blob containers.
    pub volumes: PathBuf,
    pub cluster: Url,
    pub authority: Arc<Authority>,
    /// containerd's folder with all images in it, where machines are kubelets.
    pub containers: Option<PathBuf>,
    /// The folder that leads to a real editor, where there is one.
    pub editor: Option<PathBuf>,
}

impl Ground {
    /// The file that tells the nodes of a pool how to misbehave.
    #[must_use]
    pub fn faults(&self, pool: &str) -> PathBuf {
        self.state.join(format!("faults-{pool}.json"))
    }
}

/// A running machine.
pub struct Machine {
    child: Child,
}

impl Machine {
    /// Starts a machine and waits until its node is ready.
    ///
    /// # Errors
    /// With the node's last lines, if it does not come up.
    pub async fn start(ground: &Ground, pool: &Pool, name: &str, faults: &Path) -> Result<Self> {
        let state = ground.state.join(name);
        tokio::fs::create_dir_all(&state)
            .await
            .with_context(|| format!("{} can not be made", state.display()))?;
        let user = ground.authority.client_leaf(&format!("system:node:{name}"), "system:nodes")?;
        let kubeconfig = state.join("kubeconfig");
        access::write_kubeconfig(&kubeconfig, &ground.cluster, &ground.authority.pem(), &user)?;
        let (certificate, key, ca) = (state.join("tls.crt"), state.join("tls.key"), state.join("ca.crt"));
        let address =
            if ground.containers.is_some() { kubelet::address()?.to_string() } else { name.to_owned() };
        let leaf: Leaf = ground.authority.server_leaf(&[name, &address])?;
        std::fs::write(&certificate, &leaf.certificate_pem)?;
        access::write_secret(&key, &leaf.key_pem)?;
        std::fs::write(&ca, ground.authority.pem())?;
        if let Some(containers) = &ground.containers {
            let child = kubelet::start(ground, containers, pool, name, faults).await?;
            return Ok(Self { child });
        }
        let mut program = Program::new(name, &ground.program, state.join("node.log"))
            .args(["node", "--name", name, "--labels", &labels(pool), "--capacity", &capacity(pool)])
            .args([
                "--shutdown-grace",
                "3s",
                "--taints",
                &taints(pool),
                "--provider-id",
                &provider_id(pool, name),
            ]);
        for (flag, path) in [
            ("--kubeconfig", &kubeconfig),
            ("--state", &state),
            ("--images", &ground.images),
            ("--volumes", &ground.volumes),
            ("--tls-cert", &certificate),
            ("--tls-key", &key),
            ("--client-ca", &ca),
        ] {
            program = program.args([Path::new(flag), path]);
        }
        // a node that is killed leaves what its containers have started in turn
        let child = program.args([Path::new("--faults"), faults]).ends_by_itself().start().await?;
        let said = |output: &str| output.lines().any(|line| line == "ready").then_some(());
        child.says(Duration::from_secs(60), said).await?;
        Ok(Self { child })
    }

    /// Whether the process has ended by itself.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.child.ended().is_some()
    }

    /// The machine's power is cut: no word to anybody.
    pub fn lose(&self) {
        let all = remains::descendants(self.child.pid());
        self.child.kill();
        all.iter().for_each(|remain| remains::end(remain.pid));
    }

    /// Ends the machine; its pods get SIGTERM first.
    pub async fn stop(&self) {
        self.child.stop(Duration::from_secs(8)).await;
    }
}

fn labels(pool: &Pool) -> String {
    let labels: Vec<String> = pool.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    labels.join(",")
}

fn taints(pool: &Pool) -> String {
    let taint = |taint: &k8s_openapi::api::core::v1::Taint| {
        format!("{}={}:{}", taint.key, taint.value.as_deref().unwrap_or_default(), taint.effect)
    };
    pool.taints.iter().map(taint).collect::<Vec<_>>().join(",")
}

fn capacity(pool: &Pool) -> String {
    let mut list = format!(
        "cpu={}m,memory={}Ki,pods=30,ephemeral-storage=120Gi",
        pool.has.cpu,
        pool.has.memory / 1_024_000
    );
    if pool.has.gpus > 0 {
        list += &format!(",nvidia.com/gpu={}", pool.has.gpus / 1000);
    }
    list
}

/// The name of a machine in Azure.
pub fn provider_id(pool: &Pool, name: &str) -> String {
    let set = pool.scale_set();
    let number = name.trim_start_matches(&set).trim_start_matches('0');
    format!(
        "azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mc_world/providers/\
         Microsoft.Compute/virtualMachineScaleSets/{set}/virtualMachines/{}",
        if number.is_empty() { "0" } else { number }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::pools::pools;

    #[test]
    fn a_machine_is_told_its_pool_in_the_nodes_flags() {
        let pool = &pools(
            r#"[{"name":"steady","cpu":"4","memory":"16Gi","gpus":1,
                "nodeSelector":{"kubernetes.azure.com/agentpool":"steady"},"tolerations":[{"key":"sku"}]}]"#,
        )
        .unwrap()[0];
        assert_eq!(taints(pool), "sku=gpu:NoSchedule");
        assert_eq!(
            capacity(pool),
            "cpu=4500m,memory=17825792Ki,pods=30,ephemeral-storage=120Gi,nvidia.com/gpu=1"
        );
        assert!(labels(pool).contains("kubernetes.azure.com/agentpool=steady"));
        assert!(provider_id(pool, "aks-steady-12345678-vmss00000a").ends_with("/virtualMachines/a"));
    }
}
