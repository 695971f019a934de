//! From a notification of Graph to namespaces with everything in them: for one member, and for a thousand.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    bare::Bare,
    cost,
    installation::{Installation, Member},
    table::{self, ms, quantile},
    world::World,
};

/// So many join one after the other.
const ALONE: usize = 20;

/// So many join at once.
const MANY: usize = 1000;

pub async fn measure(world: &World) {
    let bare = Bare::of(world).await;
    let dcaas = Installation::new(world).await;
    // the first comparison subscribes
    dcaas.reconcile().await;
    table::about("a member joins: from the notification to the StatefulSet, which is made last");
    one_by_one(&dcaas, &bare).await;
    table::about(&format!("{MANY} members join at once, each with a notification of their own"));
    at_once(&dcaas, &bare, MANY, "single").await;
    dcaas.remove().await;

    let dcaas = Installation::new(world).await;
    dcaas.reconcile().await;
    table::about(&format!("{MANY} members join at once, and one notification names all of them"));
    at_once(&dcaas, &bare, MANY, "merged").await;
    dcaas.remove().await;
}

async fn one_by_one(dcaas: &Installation<'_>, bare: &Bare) {
    let people = dcaas.people(ALONE, false).await;
    let mut times = Vec::new();
    dcaas.reset().await;
    for person in &people {
        let there = bare.sets_made(&dcaas.name, 1).await;
        let begun = Instant::now();
        dcaas.set_member(person, true).await;
        assert_eq!(there.await, 1, "{person:?} has no workspace");
        times.push(begun.elapsed());
        // the next one comes to a host that waits
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let both = format!("{:.0} ms, {:.0} ms", ms(quantile(&times, 0.5)), ms(quantile(&times, 0.95)));
    table::seen("p50 and p95; the host's queue is read", &both);
    let turns = dcaas.turns("provision").await;
    table::seen("of it the turn itself, p50", &format!("{:.0} ms", ms(quantile(&turns, 0.5))));
    cost::row("requests to cluster, Graph, blobs, queue", &cost::at_rest(dcaas).await, ALONE);
}

/// So many join at once; Graph's notifications are packed so.
pub async fn at_once(dcaas: &Installation<'_>, bare: &Bare, count: usize, pack: &str) {
    let people = dcaas.people(count, false).await;
    dcaas.trouble(json!({ "notifications": { "hold": true, "pack": pack } })).await;
    dcaas.set_members(&people, true).await;
    dcaas.reset().await;
    let before = cost::processor(dcaas.world);
    let there = bare.sets_made(&dcaas.name, count).await;
    let begun = Instant::now();
    dcaas.release().await;
    let made = there.await;
    let took = begun.elapsed().as_secs_f64();
    table::most("to the last of them", took, 60.0 * count as f64 / 1000.0, "s");
    table::seen("in a second", &format!("{:.1}", made as f64 / took));
    table::exactly("lost", &(count - made).to_string(), "0");
    cost::row("a member: to cluster, Graph, blobs, queue", &cost::at_rest(dcaas).await, count);
    let refused = dcaas.requests_with("kubernetes", " 403").await;
    table::seen("of the cluster's, refused and repeated", &format!("{:.2}", refused as f64 / count as f64));
    cost::used(dcaas.world, &before, count);
}

/// An installation with one member, whom the product made, and of whose group Graph tells nothing any more: what else it
/// holds is made as the product made that one.
pub async fn with_one_member(world: &World) -> (Bare, Installation<'_>, Member) {
    let bare = Bare::of(world).await;
    let dcaas = Installation::new(world).await;
    dcaas.reconcile().await;
    let sample = joined(&dcaas, &bare, 1).await.remove(0);
    dcaas.trouble(json!({ "notifications": { "drop": u32::MAX } })).await;
    (bare, dcaas, sample)
}

/// The people of an installation who have everything.
pub async fn joined(dcaas: &Installation<'_>, bare: &Bare, count: usize) -> Vec<Member> {
    let there = bare.sets_made(&dcaas.name, count).await;
    let people = dcaas.people(count, true).await;
    assert_eq!(there.await, count, "not all have a workspace");
    people
}
