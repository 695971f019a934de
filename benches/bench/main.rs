//! The benchmark: what dcaas costs and how fast it is, in a release world of its own. `cargo bench` does it all.

#![expect(clippy::unwrap_used, reason = "a measurement that can not go on ends")]

mod agent;
mod bare;
mod bulk;
mod cost;
mod culler;
mod host;
mod installation;
mod joining;
mod latency;
mod leaving;
mod nodes;
mod process;
mod requests;
mod running;
mod sign_in;
mod storm;
mod sweep;
mod table;
mod whole;
mod world;

use std::{
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};

use world::World;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // without it somebody else calls, `cargo test --all-targets` for one: nothing to measure then
    if !words.iter().any(|word| word == "--bench") {
        return;
    }
    let parts: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    // it needs no world, and takes ten minutes, or as long as is said after it: only if it is named
    if let (Some(&"agent"), Some(code)) = (parts.first(), agent::code()) {
        table::head();
        return runtime().block_on(agent::measure(&code, time(&parts)));
    }
    let Some(file) = std::env::var_os("DCAAS_WORLD") else {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["xtask", "bench", "--program"]).arg(std::env::current_exe().unwrap()).args(&parts);
        panic!("`cargo xtask bench` does not start: {}", cargo.exec());
    };
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    let world = World::read(&file);
    // it takes as long, and is called once for each kind of machine
    if parts.first() == Some(&"nodes") {
        table::head();
        return runtime().block_on(nodes::measure(&world, time(&parts)));
    }
    runtime().block_on(measure(&world, &parts));
}

/// How long an idle agent is looked at.
fn time(parts: &[&str]) -> Duration {
    parts.get(1).map_or(Duration::from_secs(600), |time| humantime::parse_duration(time).unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Measures what is named, or everything.
async fn measure(world: &World, parts: &[&str]) {
    let begun = Instant::now();
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    table::head();
    if wanted("process") {
        process::measure(world).await;
    }
    // before the storm: that one's machines run no pod
    if wanted("sign-in") {
        sign_in::measure(world).await;
    }
    if wanted("requests") {
        requests::measure(world).await;
    }
    if wanted("latency") || wanted("storm") {
        let ground = storm::prepare(world).await;
        if wanted("latency") {
            latency::measure(world, &ground).await;
        }
        if wanted("storm") {
            storm::measure(world, &ground).await;
        }
        storm::clear(world).await;
    }
    if wanted("joining") {
        joining::measure(world).await;
    }
    if wanted("leaving") {
        leaving::measure(world).await;
    }
    if wanted("whole") {
        whole::measure(world).await;
    }
    if wanted("sweep") {
        sweep::measure(world).await;
    }
    if wanted("process") {
        process::idle(world, "memory when idle again, after all of this").await;
    }
    table::foot(begun.elapsed());
}
