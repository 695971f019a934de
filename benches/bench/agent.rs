//! The agent by itself: what it takes from a workspace where nothing happens.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::{
    process::{EXECUTABLE, MIB, resident},
    table,
};

/// What the kernel counts processor time in; the same on every Linux.
const TICKS_A_SECOND: f64 = 100.0;
/// From the connection on, until it counts as idle.
const SETTLE: Duration = Duration::from_secs(5);
const SAMPLES: u32 = 20;

/// The world's stand-in of the CLI, if it was built with the same profile.
pub fn code() -> Option<PathBuf> {
    Some(Path::new(EXECUTABLE).with_file_name("code")).filter(|code| code.exists())
}

/// Starts it as a Pod would, and looks at it for so long.
pub async fn measure(code: &Path, time: Duration) {
    table::about(&format!("the agent, connected and idle for {}", humantime::format_duration(time)));
    let root = std::env::temp_dir().join(format!("dcaas-bench-agent-{}", std::process::id()));
    let mut agent = start(&root, code);
    let mut lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    until_connected(&mut lines).await;
    // what nobody reads would stop it
    let log = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    tokio::time::sleep(SETTLE).await;
    let process = Path::new("/proc").join(agent.id().unwrap().to_string());
    idle(&process, time).await;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(agent.id().unwrap() as i32), nix::sys::signal::SIGTERM)
        .unwrap();
    agent.wait().await.unwrap();
    log.await.unwrap();
    fs::remove_dir_all(&root).unwrap();
}

/// Looks at an agent for so long, and says what it took.
pub async fn idle(process: &Path, time: Duration) {
    let (own, children) = ticks(process);
    let mut memory = 0;
    for _ in 0..SAMPLES {
        tokio::time::sleep(time / SAMPLES).await;
        memory = memory.max(resident(process));
    }
    let (own_then, children_then) = ticks(process);
    let share = |ticks: u64| seconds(ticks) / time.as_secs_f64() * 100.0;
    table::most("memory, at most", memory as f64 / MIB, 15.0, "MiB");
    table::most("share of a core", share(own_then - own), 0.1, "%");
    table::seen("the stand-in's that it asks, beside", &format!("{:.2} %", share(children_then - children)));
}

/// Of processor time.
pub fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_A_SECOND
}

fn start(root: &Path, code: &Path) -> Child {
    for folder in ["platform/bin", "run", "home", "token"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    symlink(code, root.join("platform/bin/code")).unwrap();
    fs::write(root.join("token/access_token"), "gho_benchmark").unwrap();
    let mut command = Command::new(EXECUTABLE);
    command.args(["agent", "--tunnel", "dc-benchmark", "--session", "benchmark", "--accept-licence"]);
    for name in ["platform", "run", "pod", "token"] {
        command.arg(format!("--{name}")).arg(root.join(name));
    }
    command.env("HOME", root.join("home")).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().unwrap()
}

async fn until_connected(lines: &mut tokio::io::Lines<BufReader<ChildStdout>>) {
    let connected =
        async { while !lines.next_line().await.unwrap().unwrap().contains("\"state\":\"connected\"") {} };
    tokio::time::timeout(Duration::from_secs(60), connected).await.expect("the agent connects");
}

/// The processor time of a process, and of the children that it waited for.
pub fn ticks(process: &Path) -> (u64, u64) {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    // after the name in brackets: state, parent, … the 12th to the 15th are the times
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(4);
    let times: Vec<u64> = fields.map(|time| time.parse().unwrap()).collect();
    (times[0] + times[1], times[2] + times[3])
}
