//! A machine as in production: a kubelet with containerd and runc, in namespaces of its own.

use super::{
    editor,
    node::{Ground, provider_id},
    pools::Pool,
};
use crate::{
    kubernetes::ports,
    process::{Child, Program},
    world::remains,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    net::{Ipv4Addr, UdpSocket},
    path::{Path, PathBuf},
    time::Duration,
};

/// How often, and how many times, a machine that was killed is looked at: its disks are written before it is gone.
const LOOK: (Duration, usize) = (Duration::from_millis(50), 400);

/// A machine that is not there by then will not come.
const UP: Duration = Duration::from_secs(150);

/// Where a dead machine's containers are still noted.
const TASKS: &str = "run/containerd/io.containerd.runtime.v2.task/k8s.io";

/// Starts a machine in its folder, which holds its credentials, and waits until its node is ready.
///
/// # Errors
/// With the machine's last lines, if it does not come up.
pub async fn start(
    ground: &Ground,
    containers: &Path,
    pool: &Pool,
    name: &str,
    faults: &Path,
) -> Result<Child> {
    let state = ground.state.join(name);
    let [port] = ports::free()?;
    let mut wish = wish(ground, containers, pool, name, faults, address()?, port);
    if let Some(editor) = &ground.editor {
        wish["baseSpec"] = json!(editor::base_spec(editor, &state).await?);
    }
    std::fs::write(state.join("machine.json"), format!("{wish:#}\n"))?;
    let program =
        Program::new(name, &ground.program, state.join("machine.log")).args([Path::new("machine"), &state]);
    let child = program.ends_by_itself().start().await?;
    let said = |output: &str| output.lines().any(|line| line == "ready").then_some(());
    child
        .says(UP, said)
        .await
        .with_context(|| format!("see kubelet.log and containerd.log in {}", state.display()))?;
    Ok(child)
}

fn wish(
    ground: &Ground,
    containers: &Path,
    pool: &Pool,
    name: &str,
    faults: &Path,
    ip: Ipv4Addr,
    port: u16,
) -> Value {
    json!({
        "name": name, "ip": ip, "port": port, "subnet": subnet(uuid::Uuid::new_v4().as_u128()),
        "labels": pool.labels, "taints": pool.taints, "providerId": provider_id(pool, name),
        "cpu": u64::try_from(pool.has.cpu).unwrap_or(u64::MAX),
        "memory": u64::try_from(pool.has.memory / 1000).unwrap_or(u64::MAX),
        "gpus": u64::try_from(pool.has.gpus / 1000).unwrap_or(u64::MAX),
        "containers": containers, "volumes": ground.volumes, "faults": faults,
    })
}

/// One of the 4,096 networks with 32 addresses in the range that is kept for tests of networks.
fn subnet(random: u128) -> String {
    let [.., high, low] = (random % 4096 * 32).to_be_bytes();
    let second = 18 + u8::from(random % 4096 >= 2048);
    format!("198.{second}.{high}.{low}/27")
}

/// The address by which this computer would speak to others: a kubelet refuses loopback for a node's own.
///
/// # Errors
/// When it has no other.
pub fn address() -> Result<Ipv4Addr> {
    // nothing is sent: connecting a datagram socket only asks the kernel for the way
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let found = socket.connect(("203.0.113.1", 9)).and_then(|()| socket.local_addr());
    match found.map(|address| address.ip()) {
        Ok(std::net::IpAddr::V4(address)) if !address.is_loopback() => Ok(address),
        _ => anyhow::bail!(
            "this computer has no address beside loopback, and a kubelet needs one: bring a network up, \
             or take machines that are processes (--node process)"
        ),
    }
}

/// Ends what machines of a world that was killed still do, and removes their control groups, by what their folders say;
/// all else went with them.
#[expect(clippy::disallowed_methods, reason = "the world has not begun: nobody is held up")]
pub fn bury(machines: &Path) {
    end_living(machines);
    let folders = std::fs::read_dir(machines).into_iter().flatten().flatten();
    let dead: BTreeSet<OsString> = folders.flat_map(|machine| containers(&machine.path())).collect();
    for _ in 0..20 {
        if dead.is_empty() || remove_groups(Path::new("/sys/fs/cgroup"), &dead) {
            return;
        }
        // whoever was killed in there may not be gone yet
        std::thread::sleep(LOOK.0);
    }
}

/// All containers that a machine has had. containerd forgets one whose end was cut short; its log does not.
fn containers(machine: &Path) -> BTreeSet<OsString> {
    let noted = std::fs::read_dir(machine.join(TASKS)).into_iter().flatten().flatten();
    let log = std::fs::read_to_string(machine.join("containerd.log")).unwrap_or_default();
    let words = log.split(|c: char| !c.is_ascii_alphanumeric());
    let named = words.filter(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    noted.map(|task| task.file_name()).chain(named.map(OsString::from)).collect()
}

/// Nobody may write any more where the next machines will live.
#[expect(clippy::disallowed_methods, reason = "the world has not begun: nobody is held up")]
fn end_living(machines: &Path) {
    for _ in 0..LOOK.1 {
        let living = remains::that(|words| is_machine(words, machines));
        if living.is_empty() {
            return;
        }
        living.iter().for_each(|remain| remains::end(remain.pid));
        std::thread::sleep(LOOK.0);
    }
    tracing::warn!("machines in {} are killed and do not end", machines.display());
}

/// Whether a command line is the outer or the inner process of one of these machines.
fn is_machine(words: &[&str], machines: &Path) -> bool {
    matches!(words, ["machine" | "machine-inside", folder, ..] if Path::new(folder).parent() == Some(machines))
}

/// Whether all of them are gone.
fn remove_groups(folder: &Path, dead: &BTreeSet<OsString>) -> bool {
    let mut gone = true;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path: PathBuf = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if dead.contains(&entry.file_name()) {
            // one that is not empty stays: then somebody lives in it
            gone &= std::fs::remove_dir(path).is_ok();
        } else {
            gone &= remove_groups(&path, dead);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_lies_in_the_range_for_tests_and_holds_32_addresses() {
        for (random, expected) in [
            (0, "198.18.0.0/27"),
            (1, "198.18.0.32/27"),
            (8, "198.18.1.0/27"),
            (2047, "198.18.255.224/27"),
            (2048, "198.19.0.0/27"),
            (4095, "198.19.255.224/27"),
            (4096, "198.18.0.0/27"),
        ] {
            assert_eq!(subnet(random), expected, "{random}");
        }
    }

    #[test]
    fn only_machines_of_the_same_world_are_ended() {
        let machines = Path::new("/w/b/machines");
        for (words, expected) in [
            (["machine", "/w/b/machines/aks-1"], true),
            (["machine-inside", "/w/b/machines/aks-1"], true),
            (["machine", "/w/bb/machines/aks-1"], false),
            (["-f", "/w/b/machines/aks-1"], false),
            (["images", "/w/b/machines"], false),
        ] {
            assert_eq!(is_machine(&words, machines), expected, "{words:?}");
        }
    }

    #[test]
    fn a_machines_containers_are_in_its_notes_and_in_its_log() {
        let machine = tempfile::tempdir().unwrap();
        let (noted, logged) = ("0a".repeat(32), "1b".repeat(32));
        std::fs::create_dir_all(machine.path().join(TASKS).join(&noted)).unwrap();
        let log =
            format!("level=info msg=\"starting signal loop\" path=/run/containerd/k8s.io/{logged} pid=7\n");
        std::fs::write(machine.path().join("containerd.log"), log).unwrap();
        assert_eq!(containers(machine.path()), [noted.into(), logged.into()].into());
    }

    #[test]
    fn only_the_groups_of_dead_containers_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let group = |name: &str| root.path().join("groups").join(name);
        for name in ["memory/k8s.io/dead", "memory/k8s.io/alive", "cpu/k8s.io/dead"] {
            std::fs::create_dir_all(group(name)).unwrap();
        }
        assert!(remove_groups(&root.path().join("groups"), &["dead".into()].into()));
        assert!(!group("memory/k8s.io/dead").exists() && !group("cpu/k8s.io/dead").exists());
        assert!(group("memory/k8s.io/alive").exists());
    }
}
