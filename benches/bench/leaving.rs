//! Members who leave: how long it takes until their workspaces are gone, and what it costs.

use std::time::Instant;

use serde_json::json;

use crate::{
    bare::Bare,
    cost,
    installation::{Installation, Member},
    joining::joined,
    table,
    world::World,
};

/// A tenth of the members: so many leave without the brake.
const LEAVERS: usize = 30;
const OF: usize = 300;

pub async fn measure(world: &World) {
    let bare = Bare::of(world).await;
    let dcaas = Installation::new(world).await;
    dcaas.reconcile().await;
    let people = joined(&dcaas, &bare, OF).await;
    table::about(&format!("{LEAVERS} of {OF} members leave at once, each with a notification of their own"));
    at_once(&dcaas, &bare, &people[..LEAVERS]).await;
    dcaas.remove().await;
}

/// They leave at once, and nobody else does.
pub async fn at_once(dcaas: &Installation<'_>, bare: &Bare, leavers: &[Member]) {
    let count = leavers.len();
    dcaas.trouble(json!({ "notifications": { "hold": true, "pack": "single" } })).await;
    dcaas.set_members(leavers, false).await;
    cost::at_rest(dcaas).await;
    dcaas.reset().await;
    let (before, earlier) = (cost::processor(dcaas.world), dcaas.turns("provision").await.len());
    let gone = bare.sets_gone(&dcaas.name, count).await;
    let begun = Instant::now();
    dcaas.release().await;
    let went = gone.await;
    table::seen("to the last StatefulSet gone", &format!("{:.2} s", begun.elapsed().as_secs_f64()));
    table::exactly("left behind", &(count - went).to_string(), "0");
    let costs = cost::at_rest(dcaas).await;
    cost::row("a leaver: to cluster, Graph, blobs, queue", &costs, count);
    let lists = dcaas.requests_with("graph", "/transitiveMembers/microsoft.graph.user 200").await;
    table::seen("pages of the group that were read", &lists.to_string());
    let turns = dcaas.turns("provision").await.split_off(earlier);
    let longest = turns.iter().max().unwrap().as_secs_f64();
    table::seen("turns of messages, and the longest", &format!("{}, {longest:.2} s", turns.len()));
    table::exactly("turns that failed", &dcaas.failed("provision").await.to_string(), "0");
    cost::used(dcaas.world, &before, count);
}
