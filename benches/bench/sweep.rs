//! A sweep over many workspaces that run: none due, all due and kept, all due and stopped; and a bare client that sends
//! the same requests.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    bare::Bare,
    cost, culler,
    installation::{Installation, Member},
    joining::with_one_member,
    process,
    running::{Running, session},
    table::{self, ms, quantile},
    world::World,
};

/// How many run, one measurement after the other.
const COUNTS: [usize; 2] = [200, 1000];

/// Machines that run no pod and say that theirs run, with room for all of them.
const MACHINES: usize = 40;
const PODS: usize = 30;

/// An hour of the agent's lines.
const LINES: usize = 60;

/// So often a sweep that changes nothing for good is measured.
const RUNS: usize = 5;

pub async fn measure(world: &World) {
    let (bare, dcaas, sample) = with_one_member(world).await;
    let machines = json!({ "pool": "steady", "count": MACHINES, "pods": PODS, "log": log(&works()) });
    world.control("POST", "/machines/paper", machines).await;
    let full = json!({ "pool": "steady", "kind": "max-reached" });
    world.control("POST", "/machines/faults", full).await;
    let mut running = Running::of(&dcaas, &bare, &sample).await;
    for count in COUNTS {
        running.grow(count).await;
        none_due(&dcaas, &bare, count).await;
        kept(&dcaas, &bare, &running).await;
        stopped(&dcaas, &bare, &running).await;
        if count == COUNTS[0] {
            culler::measure(world, count).await;
        }
    }
    let peak = process::peak(world, &dcaas.name);
    table::seen("memory at its peak", &format!("{peak:.1} MiB"));
    running.end().await;
    world.control("DELETE", "/machines/paper", Value::Null).await;
    world.control("DELETE", "/machines/faults", Value::Null).await;
    dcaas.remove().await;
}

async fn none_due(dcaas: &Installation<'_>, bare: &Bare, count: usize) {
    table::about(&format!("a sweep of {count} workspaces that run, none of them due: two lists"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        theirs.push(bare.swept(dcaas, &[], 0, |_| None).await);
        dcaas.reset().await;
        ours.push(dcaas.sweep().await);
    }
    table::seen("bare client, p50", &format!("{:.3} s", quantile(&theirs, 0.5).as_secs_f64()));
    table::most("the timer's invocation, p50", quantile(&ours, 0.5).as_secs_f64(), 0.2, "s");
    requests(dcaas).await;
}

async fn kept(dcaas: &Installation<'_>, bare: &Bare, running: &Running<'_>) {
    let people = &running.people;
    table::about(&format!("all {} due, and kept: a log read and a patch each", people.len()));
    say(dcaas.world, &works()).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        running.note(&due(None)).await;
        theirs.push(bare.swept(dcaas, people, 1, |oid| Some(session(oid, &due(None)))).await);
        running.note(&due(None)).await;
        dcaas.reset().await;
        ours.push(dcaas.sweep().await);
    }
    beside(quantile(&ours, 0.5), quantile(&theirs, 0.5));
    requests(dcaas).await;
    let kept = running.wished(1).await;
    table::exactly("still on", &kept.to_string(), &people.len().to_string());
}

async fn stopped(dcaas: &Installation<'_>, bare: &Bare, running: &Running<'_>) {
    let people = &running.people;
    table::about(&format!("all {} due, and stopped: two log reads, a patch and an event each", people.len()));
    say(dcaas.world, &json!({ "gpu": {}, "cpu": {} })).await;
    let long_ago = Some(Utc::now() - TimeDelta::hours(1));
    running.note(&due(long_ago)).await;
    let theirs = bare.swept(dcaas, people, 2, |_| None).await;
    running.start().await;
    running.note(&due(long_ago)).await;
    dcaas.reset().await;
    let begun = Instant::now();
    let ours = dcaas.sweep().await;
    beside(ours, theirs);
    requests(dcaas).await;
    table::exactly("stopped", &running.wished(0).await.to_string(), &people.len().to_string());
    running.pods(0).await;
    table::seen("to the last pod gone", &format!("{:.2} s", begun.elapsed().as_secs_f64()));
    say(dcaas.world, &works()).await;
    running.start().await;
    running.note(&not_due()).await;
}

/// Both times, and the one in terms of the other.
fn beside(ours: Duration, theirs: Duration) {
    table::seen("bare client", &format!("{:.0} ms", ms(theirs)));
    table::seen("the timer's invocation", &format!("{:.0} ms", ms(ours)));
    table::most("in bare clients", ours.as_secs_f64() / theirs.as_secs_f64(), 1.3, "");
}

async fn requests(dcaas: &Installation<'_>) {
    let cost = cost::at_rest(dcaas).await["kubernetes"];
    let bytes = table::bytes(cost.bytes);
    table::seen("requests to the API server, and their bytes", &format!("{}, {bytes}", cost.requests));
}

/// A look that is far away.
pub fn not_due() -> Value {
    json!({ "look": Utc::now() + TimeDelta::hours(3) })
}

/// A look that is over; with a warning, a stop.
fn due(warned: Option<chrono::DateTime<Utc>>) -> Value {
    let mut note = json!({ "look": Utc::now() - TimeDelta::minutes(1) });
    if let Some(warned) = warned {
        note["warned"] = json!(warned);
    }
    note
}

fn works() -> Value {
    json!({ "gpu": { "seen": "{now}", "value": "87 %" }, "cpu": { "seen": "{now}", "value": "3.91 cores" } })
}

/// What the agents' logs say from now on.
async fn say(world: &World, evidence: &Value) {
    world.control("PUT", "/machines/paper/log", json!({ "log": log(evidence) })).await;
}

fn log(evidence: &Value) -> String {
    let line = json!({
        "at": "{now}", "session": "{label dcaas.dev/session}", "evidence": evidence, "hold": null,
        "link": { "state": "connected", "since": Utc::now() - TimeDelta::hours(9), "why": "" },
    });
    // it begins with this word
    let line = line.to_string().replacen('{', "{\"dcaas\":1,", 1);
    format!("{line}\n").repeat(LINES)
}

impl Bare {
    /// The same requests as a sweep makes: both lists, and for each so many reads of the log, and a patch: of the
    /// session that is noted then, or a stop, which an event tells of.
    async fn swept(
        &self,
        dcaas: &Installation<'_>,
        people: &[Member],
        reads: usize,
        then: impl Fn(&str) -> Option<String>,
    ) -> Duration {
        let begun = Instant::now();
        self.lists(&dcaas.name).await;
        let each = people.iter().map(|person| {
            let then = then(&person.oid);
            async move {
                for _ in 0..reads {
                    self.log(&person.oid).await;
                }
                let stopped = then.is_none();
                self.judged(&person.oid, then).await;
                if stopped {
                    self.told(&person.oid).await;
                }
            }
        });
        stream::iter(each).buffer_unordered(AT_ONCE).collect::<()>().await;
        begun.elapsed()
    }
}

/// Workspaces that are seen to at once, as in the product.
const AT_ONCE: usize = 16;
