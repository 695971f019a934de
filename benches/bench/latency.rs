//! How long one member waits for an answer, when nobody else asks.

use std::time::Duration;

use crate::{
    host::{Answer, Host},
    storm::{Ground, stop_all},
    table::{self, ms, quantile},
    world::{Person, World},
};

/// So many calls of each kind.
const CALLS: usize = 100;

/// In which the cluster does what a call has set off, so that the next one does not wait for that.
const PAUSE: Duration = Duration::from_millis(80);

pub async fn measure(world: &World, ground: &Ground) {
    table::about("one call after the other, through the host");
    let host = Host::of(world);
    let people = &ground.people[..CALLS];
    let starts = one_by_one(people, |person| host.start(person), "starting").await;
    let starting = one_by_one(people, |person| host.status(person), "starting").await;
    let stops = one_by_one(people, |person| host.stop(person), "stopping").await;
    stop_all(&host, ground, 0).await;
    let stopped = one_by_one(people, |person| host.status(person), "stopped").await;
    for (what, times) in
        [("start", starts), ("status, starting", starting), ("stop", stops), ("status, stopped", stopped)]
    {
        table::seen(&format!("{what}, p50 and p95"), &both(&times));
    }
}

async fn one_by_one<'a, F: Future<Output = Answer>>(
    people: &'a [Person],
    call: impl Fn(&'a Person) -> F,
    phase: &str,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for person in people {
        let answer = call(person).await;
        assert_eq!(answer.good()["phase"], phase, "{}", answer.text);
        times.push(answer.took);
        tokio::time::sleep(PAUSE).await;
    }
    times
}

fn both(times: &[Duration]) -> String {
    format!("{:.1} ms, {:.1} ms", ms(quantile(times, 0.5)), ms(quantile(times, 0.95)))
}
