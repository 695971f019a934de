//! The comparison of a large group with the cluster, when there is nothing to do; and many leavers out of it.

use std::time::Duration;

use futures::{StreamExt, stream};

use crate::{
    cost,
    joining::with_one_member,
    leaving, process,
    table::{self, ms, quantile},
    world::World,
};

/// The members.
const PEOPLE: usize = 5000;

/// So many of them leave at once at the end, and the brake does not hold.
const LEAVERS: usize = 300;

/// Comparisons that are measured.
const RUNS: usize = 9;

pub async fn measure(world: &World) {
    let (bare, dcaas, sample) = with_one_member(world).await;
    let people = dcaas.people(PEOPLE - 1, true).await;
    let copies = bare.copies(&sample).await;
    stream::iter(&people).for_each_concurrent(32, |person| bare.copy(&copies, person)).await;
    dcaas.clear_troubles().await;

    table::about(&format!("the timer compares {PEOPLE} members with the cluster, and finds no difference"));
    dcaas.kill().await;
    let fresh = process::peak(world, &dcaas.name);
    // the controllers still write to what was just made
    dcaas.reconcile().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = cost::processor(world);
    let (mut times, mut costs) = (Vec::new(), cost::Costs::new());
    for _ in 0..RUNS {
        dcaas.reset().await;
        times.push(dcaas.reconcile().await);
        costs = cost::at_rest(&dcaas).await;
    }
    table::most("the timer's invocation, p50", quantile(&times, 0.5).as_secs_f64(), 2.0, "s");
    let (least, most) = (ms(quantile(&times, 0.0)), ms(quantile(&times, 1.0)));
    table::seen("the shortest and the longest", &format!("{least:.0} ms, {most:.0} ms"));
    cost::row("requests to cluster, Graph, blobs, queue", &costs, 1);
    let peak = process::peak(world, &dcaas.name);
    table::seen("memory at its peak (fresh)", &format!("{peak:.1} MiB ({fresh:.1} MiB)"));
    cost::used(world, &before, RUNS);

    table::about(&format!(
        "{LEAVERS} of {PEOPLE} members leave at once, each with a notification of their own"
    ));
    leaving::at_once(&dcaas, &bare, &people[..LEAVERS]).await;
    dcaas.remove().await;
}
