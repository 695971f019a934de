//! A workspace on a machine: how soon it is there and gone, and what its agent takes, beside nothing and beside very much.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    agent::{self, seconds, ticks},
    host::Host,
    process::{MIB, resident},
    sign_in,
    table::{self, quantile},
    world::{Person, World, eventually},
};

/// Starts and stops, one after the other, on a machine that is there.
const RUNS: usize = 5;
/// The agent looks so often.
const LOOK: Duration = Duration::from_secs(5);
/// Until all looks at what is new are made that a new process gets.
const SETTLE: Duration = Duration::from_secs(30);
/// So long its looks at very much are measured.
const LOOKS: u32 = 24;
const PROCESSES: usize = 2_000;
const SOCKETS: usize = 20_000;

/// Measures in this world, whose machines are of one kind; the agent is idle for so long.
pub async fn measure(world: &World, time: Duration) {
    let host = Host::of(world);
    let person = world.people(1).await.remove(0);
    table::about(&format!("a workspace where machines are of the kind `{}`", world.node));
    let first = sign_in::one(world, &host, &person).await;
    gone(world, &person).await;
    let second = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    table::seen("first start to connected, with its machine", &second(first.connected));
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let begun = Instant::now();
        host.start(&person).await.good();
        connected(&host, &person).await;
        starts.push(begun.elapsed());
        let begun = Instant::now();
        host.stop(&person).await.good();
        gone(world, &person).await;
        stops.push(begun.elapsed());
    }
    let both =
        |times: &[Duration]| format!("{} ({})", second(quantile(times, 0.5)), second(quantile(times, 1.0)));
    table::seen("start to connected, p50 (longest)", &both(&starts));
    table::seen("stop to gone, p50 (longest)", &both(&stops));

    host.start(&person).await.good();
    let status = connected(&host, &person).await;
    let tunnel = status["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let process = agent_of(status["session"].as_str().unwrap());
    world.control("POST", &format!("/tunnels/{tunnel}/open"), json!({})).await;
    tokio::time::sleep(SETTLE).await;
    table::about(&format!("its agent, idle with an editor open for {}", humantime::format_duration(time)));
    agent::idle(&process, time).await;

    table::about(&format!("its agent, among {PROCESSES} processes and {SOCKETS} sockets"));
    let fill = json!({ "command": ["/bin/sh", "-c", fill()] });
    let filled = world.control("POST", &format!("/tunnels/{tunnel}/exec"), fill).await;
    assert_eq!(filled["status"], 0, "{filled}");
    tokio::time::sleep(SETTLE).await;
    are_there(&process);
    let (before, _) = ticks(&process);
    tokio::time::sleep(LOOK * LOOKS).await;
    let (after, _) = ticks(&process);
    table::most(
        "a look at everything, on average",
        seconds(after - before) * 1000.0 / f64::from(LOOKS),
        20.0,
        "ms",
    );
    table::most("memory", resident(&process) as f64 / MIB, 15.0, "MiB");
    host.stop(&person).await.good();
    gone(world, &person).await;
}

async fn connected(host: &Host, person: &Person) -> Value {
    eventually("the tunnel is connected", || async {
        let status = host.status(person).await.good();
        status["address"].is_string().then_some(status)
    })
    .await
}

/// Until no pod is left.
async fn gone(world: &World, person: &Person) {
    let pods = format!("/kubernetes/api/v1/namespaces/{}/pods", person.namespace());
    eventually("no pod is left", || async {
        let pods = world.control("GET", &pods, Value::Null).await;
        pods["items"].as_array()?.is_empty().then_some(())
    })
    .await;
}

/// The agent of a session, wherever it lives: root of this computer sees those in containers, too.
fn agent_of(session: &str) -> PathBuf {
    let wanted = format!("\0--session\0{session}\0");
    let is_it = |folder: &PathBuf| {
        let line = fs::read(folder.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&wanted)
    };
    let mut folders = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    folders.find(is_it).expect("the workspace has an agent")
}

/// A number is believed only if the agent had so much to look at.
fn are_there(process: &Path) {
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let all = fs::read_dir(process.join("root/proc")).unwrap().flatten();
    let processes = all.filter(|entry| entry.file_name().to_str().is_some_and(is_process)).count();
    let sockets = fs::read_to_string(process.join("net/unix")).unwrap().lines().count();
    assert!(processes >= PROCESSES && sockets >= SOCKETS, "{processes} processes, {sockets} sockets");
}

/// A script that leaves so much behind: sleepers, and some that hold pairs of sockets, as many as may be open at once. Its
/// programs are the image's on a kubelet, and this computer's where an image is but a folder.
fn fill() -> String {
    let holders = SOCKETS / 1000;
    let sleepers = PROCESSES - holders;
    let hold = "use Socket; for (1..500) { socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!; push @s, $a, $b } sleep 3600";
    format!(
        "exec > /dev/null 2>&1; PATH=/usr/bin:/bin; n=0; while [ $n -lt {sleepers} ]; do sleep 3600 & n=$((n+1)); done; \
         n=0; while [ $n -lt {holders} ]; do perl -e '{hold}' & n=$((n+1)); done; sleep 5; kill -0 $!"
    )
}
