//! What the gate costs: a measurement, not a test.

use std::time::Instant;

use super::gate::scene;

/// `cargo test --release -p sandbox --test parties -- --ignored --nocapture costs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn what_a_request_costs() {
    let scene = scene().await;
    let straight = scene.party.url().unwrap().join("base/x").unwrap().to_string();
    let through = scene.url("x");
    for (name, url) in [("warm", &through), ("straight", &straight), ("through the gate", &through)] {
        let (started, cpu) = (Instant::now(), cpu_seconds());
        for _ in 0..20 {
            let all = (0..500).map(|_| scene.client.get(url).send());
            assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
        }
        let each = |seconds: f64| seconds * 1e6 / 10_000.0;
        let (wall, cpu) = (each(started.elapsed().as_secs_f64()), each(cpu_seconds() - cpu));
        println!(
            "{name}: {wall:.0} µs wall, {cpu:.0} µs CPU a request, 500 at once, client and party included"
        );
    }
    scene.end().await;
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
