//! What something costs: requests and bytes as a gate counts them, and the processor time of the world's programs.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::Value;

use crate::{installation::Installation, table, world::World};

/// The parties whose requests are told; the others are asked once by a new process.
const PARTIES: [&str; 4] = ["kubernetes", "graph", "blob", "queue"];

/// A gate that counts nothing more for so long is at rest: longer than the host's pause between two looks at its queue.
const QUIET: Duration = Duration::from_millis(1500);

/// Requests to one party, and the bytes of their bodies in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    pub requests: f64,
    pub bytes: f64,
}

/// What each party was asked.
pub type Costs = BTreeMap<&'static str, Cost>;

/// What the gate has counted since it was reset.
pub async fn counted(dcaas: &Installation<'_>) -> Costs {
    let counts = dcaas.ask("GET", "/gate", Value::Null).await;
    let cost = |party: &str| {
        let number = |name: &str| counts[party][name].as_f64().unwrap();
        Cost { requests: number("total"), bytes: number("sent") + number("received") }
    };
    PARTIES.iter().map(|party| (*party, cost(party))).collect()
}

/// What it has counted when nothing more comes.
pub async fn at_rest(dcaas: &Installation<'_>) -> Costs {
    let mut before = Costs::new();
    loop {
        let now = counted(dcaas).await;
        if now == before {
            return now;
        }
        before = now;
        tokio::time::sleep(QUIET).await;
    }
}

/// One row: the requests to each party, and their bytes where there are any, for one of so many.
pub fn row(what: &str, costs: &Costs, count: usize) {
    let each = |party: &str| {
        let Cost { requests, bytes } = costs[party];
        (requests / count as f64, bytes / count as f64)
    };
    let numbers = PARTIES.map(|party| format!("{:.1}", each(party).0)).join(", ");
    table::seen(what, &numbers);
    let bytes = PARTIES.map(|party| table::bytes(each(party).1)).join(", ");
    table::seen("  in bytes", &bytes);
}

/// The seconds of processor time that each of the world's programs has used, by its name.
pub fn processor(world: &World) -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    let used = |process: &Path| -> Option<(u32, f64)> {
        let stat = std::fs::read_to_string(process.join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
        // the kernel counts in hundredths of a second
        Some((fields[1].parse().ok()?, ticks / 100.0))
    };
    for process in std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path())) {
        let is_world = process.ends_with(world.pid.to_string());
        if let Some((parent, used)) = used(&process)
            && (is_world || parent == world.pid)
        {
            *seconds.entry(name(&process)).or_default() += used;
        }
    }
    seconds
}

/// What a program of the world is called: the part of a program that plays several.
fn name(process: &Path) -> String {
    let line = std::fs::read_to_string(process.join("cmdline")).unwrap_or_default();
    let words: Vec<&str> = line.split('\0').collect();
    let program = words[0].rsplit('/').next().unwrap_or_default();
    match program {
        "kubernetes" => words.get(1).copied().unwrap_or(program).to_owned(),
        "node" => "azurite".to_owned(),
        other => other.to_owned(),
    }
}

/// Which programs used the processor since then, the busiest first, in milliseconds for one of so many.
pub fn used(world: &World, before: &BTreeMap<String, f64>, count: usize) {
    let each = |(name, now): (String, f64)| {
        let spent = now - before.get(&name).copied().unwrap_or_default();
        (name, spent * 1000.0 / count as f64)
    };
    let mut spent: Vec<(String, f64)> = processor(world).into_iter().map(each).collect();
    spent.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (name, ms) in spent.iter().filter(|(_, ms)| *ms >= 0.1) {
        table::seen(&format!("  processor time of {name}"), &format!("{ms:.1} ms"));
    }
}
