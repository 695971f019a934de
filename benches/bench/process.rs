//! The executable by itself: its size, how soon it answers, and what it needs when idle.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream, process::Command};

use crate::{
    table::{self, ms, quantile},
    world::World,
};

/// The executable that cargo built for this benchmark, with the release profile.
pub const EXECUTABLE: &str = env!("CARGO_BIN_EXE_dcaas");
/// The installation that every world has.
const FIRST: &str = "dcaas";
const RUNS: usize = 20;
/// Bytes.
pub const MIB: f64 = 1024.0 * 1024.0;

/// Starts it as the host would, again and again.
pub async fn measure(world: &World) {
    table::about("the executable");
    let size = std::fs::metadata(EXECUTABLE).unwrap().len() as f64;
    table::seen("size", &format!("{:.1} MiB", size / MIB));
    let settings = variables(&child(world, FIRST));
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (time, bytes) = start_once(&settings).await;
        times.push(time);
        memory.push(bytes);
    }
    let (half, most) = (ms(quantile(&times, 0.5)), ms(quantile(&times, 0.95)));
    table::most("from process start to the first answer, p50", half, 100.0, "ms");
    table::most("the same, p95", most, 100.0, "ms");
    memory.sort();
    table::most("memory when idle, fresh", memory[RUNS / 2] as f64 / MIB, 30.0, "MiB");
}

/// The memory of the one that the world's host runs.
pub async fn idle(world: &World, what: &str) {
    // the host keeps its connections to an idle executable for four seconds
    tokio::time::sleep(Duration::from_secs(6)).await;
    table::most(what, memory(&child(world, FIRST), "VmRSS:") as f64 / MIB, 30.0, "MiB");
}

async fn start_once(settings: &BTreeMap<String, String>) -> (Duration, u64) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(EXECUTABLE);
    command.arg("serve").env_clear().envs(settings).env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    while !answers(port).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "no answer");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = begun.elapsed();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let memory = memory(&Path::new("/proc").join(child.id().unwrap().to_string()), "VmRSS:");
    child.kill().await.unwrap();
    (took, memory)
}

/// The host's probe.
async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).await.is_ok()
        && stream.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// The most memory that an installation's executable has had, in MiB.
pub fn peak(world: &World, installation: &str) -> f64 {
    memory(&child(world, installation), "VmHWM:") as f64 / MIB
}

/// The folder in /proc of the executable that an installation's host runs.
fn child(world: &World, installation: &str) -> PathBuf {
    let of_world = |folder: &PathBuf| {
        let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        let ours = || variables(folder).get("INSTALLATION").is_some_and(|name| name == installation);
        stat.contains("(dcaas)") && parent == Some(world.pid) && ours()
    };
    let mut folders = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    folders.find(of_world).expect("the world's host runs dcaas")
}

/// The environment that the host gave it: the settings of a function app.
fn variables(process: &Path) -> BTreeMap<String, String> {
    let text = String::from_utf8(std::fs::read(process.join("environ")).unwrap()).unwrap();
    let pairs = text.split('\0').filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Resident memory, shared pages of its file included.
pub fn resident(process: &Path) -> u64 {
    memory(process, "VmRSS:")
}

/// Resident memory in bytes, shared pages of its file included: now (`VmRSS:`), or at its peak (`VmHWM:`).
fn memory(process: &Path, which: &str) -> u64 {
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
