//! Many starts at once, through the host and beside it by a bare client, until the last pod is placed on a node.

use std::time::{Duration, Instant};

use futures::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};

use crate::{
    bare::{Bare, Sample},
    host::Host,
    table,
    world::{Person, World, eventually},
};

/// The largest storm.
const PEOPLE: usize = 500;

/// Machines that run no pod, with room for all of them.
const MACHINES: usize = 20;
const PODS: usize = 30;

/// Members whose workspaces are off, with disks, tokens, and machines that wait for them.
pub struct Ground {
    pub people: Vec<Person>,
    bare: Bare,
    sample: Sample,
}

/// One storm.
struct Storm {
    /// When the last answer was there.
    answered: Duration,
    /// When the last pod was placed.
    placed: Duration,
    lost: usize,
    errors: Vec<String>,
}

/// Provisions the members, and starts each once, so that their disks are there and everything is warm.
pub async fn prepare(world: &World) -> Ground {
    table::about("before the storm");
    let wish = json!({ "pool": "steady", "count": MACHINES, "pods": PODS });
    world.control("POST", "/machines/paper", wish).await;
    // while paper is there, no process comes for a pod that the scheduler puts back for a moment
    let full = json!({ "pool": "steady", "kind": "max-reached" });
    world.control("POST", "/machines/faults", full).await;
    let (host, bare) = (Host::of(world), Bare::of(world).await);
    let people = world.people(PEOPLE).await;

    let begun = Instant::now();
    stream::iter(&people).for_each_concurrent(16, |person| world.enqueue(person)).await;
    eventually("all are provisioned", || async {
        let there = bare.sets().await;
        people.iter().all(|person| there.contains(&person.namespace())).then_some(())
    })
    .await;
    let each = PEOPLE as f64 / begun.elapsed().as_secs_f64();
    table::seen(&format!("{PEOPLE} members provisioned, through the queue"), &format!("{each:.1} a second"));
    stream::iter(&people).for_each_concurrent(16, |person| bare.sign_in(person)).await;
    eventually("all containers are bound", || async { (bare.bound().await >= PEOPLE).then_some(()) }).await;

    host.start(&people[0]).await.good();
    let sample = bare.sample(&people[0]).await;
    let ground = Ground { people, bare, sample };
    stop_all(&host, &ground, 1).await;
    let first = storm(&ground, PEOPLE, |person| through(&host, person)).await;
    let took = format!("{:.1} s", first.placed.as_secs_f64());
    table::seen(&format!("{PEOPLE} first starts, with a new disk each"), &took);
    assert_eq!(first.errors, Vec::<String>::new());
    stop_all(&host, &ground, PEOPLE).await;
    ground
}

pub async fn measure(world: &World, ground: &Ground) {
    let host = Host::of(world);
    for count in [200, PEOPLE] {
        table::about(&format!("{count} starts at once, to the last pod on a node"));
        let bare = storm(ground, count, |person| ground.bare.start(person, &ground.sample)).await;
        stop_all(&host, ground, count).await;
        let ours = storm(ground, count, |person| through(&host, person)).await;
        let stopped = stop_all(&host, ground, count).await;

        let took = |storm: &Storm| {
            let (placed, answered) = (storm.placed.as_secs_f64(), storm.answered.as_secs_f64());
            format!("{placed:.2} s ({answered:.2} s)")
        };
        table::seen("bare client (its last answer)", &took(&bare));
        table::seen("through the host (its last answer)", &took(&ours));
        let ratio = ours.placed.as_secs_f64() / bare.placed.as_secs_f64();
        table::most("through the host, in bare clients", ratio, 1.5, "");
        table::exactly("errors", &ours.errors.len().to_string(), "0");
        table::exactly("lost", &ours.lost.to_string(), "0");
        table::seen(
            &format!("{count} stops at once, to the last pod gone"),
            &format!("{:.2} s", stopped.as_secs_f64()),
        );
        for error in ours.errors.iter().chain(&bare.errors).take(3) {
            table::about(error);
        }
    }
}

/// Takes the machines away.
pub async fn clear(world: &World) {
    world.control("DELETE", "/machines/paper", Value::Null).await;
    world.control("DELETE", "/machines/faults", Value::Null).await;
}

/// Stops the first of the members, and waits until the cluster is at rest; how long that took.
pub async fn stop_all(host: &Host, ground: &Ground, count: usize) -> Duration {
    let begun = Instant::now();
    let stops = join_all(ground.people[..count].iter().map(|person| host.stop(person))).await;
    stops.iter().for_each(|answer| drop(answer.good()));
    ground.bare.gone().await;
    let took = begun.elapsed();
    ground.bare.at_rest().await;
    took
}

async fn storm<'a, F>(ground: &'a Ground, count: usize, start: impl Fn(&'a Person) -> F) -> Storm
where
    F: Future<Output = Result<(), String>>,
{
    let placed = tokio::spawn(ground.bare.placed(count).await);
    let begun = Instant::now();
    let answers = join_all(ground.people[..count].iter().map(start)).await;
    let answered = begun.elapsed();
    let there = placed.await.unwrap();
    Storm {
        answered,
        placed: begun.elapsed(),
        lost: count - there,
        errors: answers.into_iter().filter_map(Result::err).collect(),
    }
}

async fn through(host: &Host, person: &Person) -> Result<(), String> {
    let answer = host.start(person).await;
    if matches!(answer.status, 200 | 202) {
        Ok(())
    } else {
        Err(format!("{} {}", answer.status, answer.text))
    }
}
