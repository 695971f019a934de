//! A workspace seen from the inside.

use super::{kubectl, real, runs, said, shell, started, stopped};
use crate::world::{Installation, eventually, facts};

#[tokio::test]
async fn a_pod_holds_what_is_the_members_and_nothing_of_the_cluster() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let ben = dcaas.member().await;
    let token = ben.token().await;
    started(&dcaas, &token, None).await;

    let first = runs(&ben, "tr '\\0' ' ' < /proc/1/cmdline");
    assert!(first.starts_with("/opt/dcaas/bin/dcaas agent "), "{first}");
    runs(&ben, "for n in 1 2 3; do (sh -c 'sleep 0.2 & exit' &); done");
    eventually("the agent reaps", || async {
        let zombies = runs(&ben, "ps -eo ppid,stat | grep -c '^ *1 Z' || true");
        (zombies == "0" && runs(&ben, "pgrep -c sleep || true") == "0").then_some(())
    })
    .await;

    // root reads every process's environment
    let environments = runs(&ben, "sudo sh -c 'cat /proc/[0-9]*/environ' | tr '\\0' '\\n' | sort -u");
    let kubeconfig = std::fs::read(facts()["kubeconfig"].as_str().unwrap()).unwrap();
    let kubeconfig: serde_json::Value = serde_json::from_slice(&kubeconfig).unwrap();
    let cluster = kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let (_, cluster) = cluster.trim_end_matches('/').rsplit_once("//").unwrap();
    for line in environments.lines() {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        assert!(!name.starts_with("KUBERNETES_") || value.is_empty(), "{line}");
        for secret in ["gho_", "AccountKey", cluster, "10.0.0.1"] {
            assert!(!value.contains(secret), "{name} holds {secret}");
        }
        assert!(!name.starts_with("AZURE_") && !name.starts_with("IDENTITY_"), "{name}");
    }
    runs(&ben, "test ! -e /var/run/secrets/kubernetes.io");

    assert_eq!(runs(&ben, "id -u; sudo -n id -u"), "1000\n0");
    let apt = "sudo apt-get -o Dir::Etc::sourcelist=/srv/apt/sources.list -o Dir::Etc::sourceparts=-";
    runs(&ben, &format!("{apt} update && {apt} install -y greet"));
    assert_eq!(runs(&ben, "/usr/games/greet"), "hello from a package");
    for wish in
        ["mount -t tmpfs none /mnt", "mknod /tmp/disk b 8 0 && cat /tmp/disk", "sysctl -w kernel.panic=1"]
    {
        assert!(!shell(&ben, &format!("sudo sh -c '{wish}'")).status.success(), "{wish}");
    }
    assert_eq!(runs(&ben, "stat -f -c %T /tmp /run/dcaas"), "overlayfs\ntmpfs");

    let namespace = ben.namespace();
    let privileged = ["run", "-n", &namespace, "x", "--image=x", "--privileged", "--dry-run=server"];
    let refused = kubectl(&privileged);
    assert!(!refused.status.success() && said(&refused).contains("baseline"), "{}", said(&refused));
    stopped(&dcaas, &token).await;
}
