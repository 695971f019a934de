//! A world of real machines that is killed leaves nothing behind, and the next one of its name starts clean.

use std::{
    collections::BTreeSet,
    fs,
    fs::File,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{
    processes::{Process, all, family, words},
    real,
};
use crate::world::{eventually, facts};

/// What is killed: the world alone, which tells its machines to end, or everything that it has started, at once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    World,
    All,
}

#[tokio::test]
async fn killed_at_any_point_nothing_is_left_and_the_next_run_starts_clean() {
    if !real() {
        return;
    }
    // a machine comes, a pod is being made on it, a workspace runs in it
    let mut dead = Dead::default();
    for (what, containers) in [(What::All, None), (What::World, Some(1)), (What::All, Some(2))] {
        let world = Second::start().await;
        dead.is_gone();
        let walk = world.walk();
        world.comes_to(containers).await;
        let left = Left::of(&world);
        world.kill(what);
        drop(walk);
        // a machine that was told to end may still be at it when the next world comes
        if what == What::All {
            left.goes(&format!("{what:?} at {containers:?}")).await;
        }
        dead.take(left);
    }
    // and what was killed is in nobody's way
    let world = Second::start().await;
    dead.is_gone();
    let mut walk = world.walk();
    let passed = eventually("the walk ends", || {
        let ended = walk.0.try_wait().unwrap();
        async move { ended }
    });
    assert!(passed.await.success(), "{}", fs::read_to_string(world.at("walk.log")).unwrap());
    let left = Left::of(&world);
    kill(world.pid(), Signal::SIGTERM).unwrap();
    left.goes("ended as it should").await;
    dead.take(left);
    dead.is_gone();
}

/// What was killed, and must be gone when the next world is up.
#[derive(Default)]
struct Dead {
    processes: BTreeSet<Process>,
    containers: BTreeSet<String>,
}

impl Dead {
    fn take(&mut self, left: Left) {
        self.processes.extend(left.processes);
        self.containers.extend(left.containers);
    }

    fn is_gone(&self) {
        let living: Vec<_> = self.processes.iter().filter(|one| one.lives()).collect();
        assert!(living.is_empty(), "{living:?}");
        assert_eq!(groups(&self.containers), [""; 0], "control groups");
    }
}

/// A world beside the one of the tests, of the same parts.
struct Second {
    child: Ends,
    state: PathBuf,
    name: String,
}

/// A process that ends with the test, also when that fails.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Second {
    async fn start() -> Self {
        let mut words = words(i32::try_from(facts()["pid"].as_i64().unwrap()).unwrap());
        let name = words.iter().position(|word| word == "--name").unwrap() + 1;
        words[name] += "-killed";
        let folder = Path::new(facts()["folder"].as_str().unwrap());
        let state = folder.parent().unwrap().to_owned();
        let log = File::create(state.join(format!("{}.log", words[name]))).unwrap();
        // the kernel ends it with this thread
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).args(&words).process_group(0);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(log.try_clone().unwrap()).stderr(log);
        let child = Ends(command.spawn().unwrap());
        let world = Self { child, state, name: words[name].clone() };
        eventually("another world is up", || async {
            let file = fs::read(world.file()).ok()?;
            let facts: Value = serde_json::from_slice(&file).ok()?;
            (facts["pid"] == world.child.0.id()).then_some(())
        })
        .await;
        world
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.0.id().cast_signed())
    }

    /// The file that says where it is.
    fn file(&self) -> PathBuf {
        self.state.join(&self.name).with_extension("json")
    }

    /// A file of this world's.
    fn at(&self, name: &str) -> PathBuf {
        self.state.join(&self.name).join(name)
    }

    /// Lets somebody walk through it, as another test does.
    fn walk(&self) -> Ends {
        let log = File::create(self.at("walk.log")).unwrap();
        let mut walk = Command::new(std::env::current_exe().unwrap());
        walk.args(["kubelet::walk::", "--nocapture"]).env("DCAAS_WORLD", self.file());
        Ends(walk.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }

    /// Waits until a machine comes, or until so many containers are on it.
    async fn comes_to(&self, containers: Option<usize>) {
        eventually(&format!("the world comes to {containers:?}"), || async {
            let machines = self.machines();
            let there = match containers {
                None => machines.iter().any(|machine| machine.join("containerd.log").exists()),
                Some(count) => machines.iter().any(|machine| tasks(machine).len() >= count),
            };
            there.then_some(())
        })
        .await;
    }

    fn machines(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.at("machines")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }

    fn kill(&self, what: What) {
        let everybody = if what == What::All { family(self.pid()) } else { BTreeSet::new() };
        kill(self.pid(), Signal::SIGKILL).unwrap();
        for one in everybody {
            // whoever has ended with another one of them is as dead as was wished
            let _ = kill(one.pid(), Signal::SIGKILL);
        }
    }
}

/// The containers of a machine, as containerd notes them.
fn tasks(machine: &Path) -> Vec<String> {
    let tasks = machine.join("run/containerd/io.containerd.runtime.v2.task/k8s.io");
    let entries = fs::read_dir(tasks).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// What a world has on this computer, and must not leave here.
struct Left {
    folder: String,
    processes: BTreeSet<Process>,
    /// Where the addresses of its pods lie; the machine's end of each pod's link has one, too.
    subnets: Vec<Network>,
    containers: Vec<String>,
}

/// An address and its mask.
type Network = (u32, u32);

impl Left {
    fn of(world: &Second) -> Self {
        let wish = |machine: PathBuf| {
            let wish: Value = serde_json::from_slice(&fs::read(machine.join("machine.json")).ok()?).ok()?;
            network(wish["subnet"].as_str()?)
        };
        let folder = format!("{}/", world.state.join(&world.name).display());
        let machines = world.machines();
        let containers = machines.iter().flat_map(|machine| tasks(machine)).collect();
        let subnets = machines.into_iter().filter_map(wish).collect();
        Self { folder, processes: family(world.pid()), subnets, containers }
    }

    /// Waits until nothing is there any more.
    async fn goes(&self, when: &str) {
        eventually(&format!("nothing is left ({when})"), || async {
            let left = self.there();
            if !left.is_empty() {
                eprintln!("{when}: still there: {left:?}");
            }
            left.is_empty().then_some(())
        })
        .await;
    }

    fn there(&self) -> Vec<String> {
        let living = self.processes.iter().filter(|one| one.lives());
        let mut left: Vec<String> =
            living.map(|one| format!("process {}: {:?}", one.pid, words(one.pid))).collect();
        // in all mount namespaces that somebody lives in
        for pid in all() {
            let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
            let ours = mounts.lines().filter(|line| line.contains(&self.folder));
            left.extend(ours.map(|line| format!("a mount of {pid}: {line}")));
        }
        for entry in fs::read_dir("/sys/block").unwrap().flatten() {
            let file = fs::read_to_string(entry.path().join("loop/backing_file")).unwrap_or_default();
            if file.starts_with(&self.folder) {
                left.push(format!("a disk: {file}"));
            }
        }
        for interface in nix::ifaddrs::getifaddrs().unwrap() {
            let address = interface.address.as_ref().and_then(|address| Some(address.as_sockaddr_in()?.ip()));
            let within = |address: u32| self.subnets.iter().any(|(net, mask)| address & mask == *net);
            if address.is_some_and(|address| within(address.to_bits())) {
                left.push(format!("interface {}", interface.interface_name));
            }
        }
        left
    }
}

/// `198.18.0.32/27`
fn network(text: &str) -> Option<Network> {
    let (address, bits) = text.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some((address.to_bits(), u32::MAX << (32 - bits.parse::<u32>().ok()?)))
}

/// The control groups of these containers, in any hierarchy.
fn groups(containers: &BTreeSet<String>) -> Vec<String> {
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if containers.contains(&*entry.file_name().to_string_lossy()) {
                found.push(entry.path().display().to_string());
            }
            folders.push(entry.path());
        }
    }
    found
}
