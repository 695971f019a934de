//! How many requests each turn costs, as the gate counts them.

use serde_json::{Value, json};

use crate::{
    bare::Bare,
    cost::{self, Cost},
    host::Host,
    installation::Installation,
    table,
    world::{Person, World, eventually},
};

/// One member's whole life.
pub async fn measure(world: &World) {
    table::about("requests to the API server");
    let (host, bare) = (Host::of(world), Bare::of(world).await);
    let someone = &world.people(1).await[0];

    let first = turn(world, provision(world, someone)).await;
    row("provision, the first", first, None);
    let again = turn(world, provision(world, someone)).await;
    row("provision that changes nothing", again, Some(10.0));

    bare.sign_in(someone).await;
    row("status, stopped", turn(world, call(host.status(someone), "stopped")).await, Some(4.0));
    row("start", turn(world, call(host.start(someone), "starting")).await, Some(3.0));
    row("status, starting", turn(world, call(host.status(someone), "starting")).await, Some(4.0));
    eventually("it runs", || async { is(&host, someone, "running").await.then_some(()) }).await;
    row("status, running", turn(world, call(host.status(someone), "running")).await, Some(4.0));
    row("stop", turn(world, call(host.stop(someone), "stopping")).await, Some(1.0));
    eventually("it is off", || async { is(&host, someone, "stopped").await.then_some(()) }).await;
}

fn row(what: &str, cost: Cost, aim: Option<f64>) {
    let what = format!("{what} ({})", table::bytes(cost.bytes));
    match aim {
        Some(aim) => table::most(&what, cost.requests, aim, ""),
        None => table::seen(&what, &cost.requests.to_string()),
    }
}

/// What a turn costs, from a reset until nothing more comes.
async fn turn(world: &World, turn: impl Future<Output = ()>) -> Cost {
    let dcaas = Installation::first(world);
    dcaas.reset().await;
    turn.await;
    cost::at_rest(&dcaas).await["kubernetes"]
}

async fn provision(world: &World, person: &Person) {
    world.enqueue(person).await;
    eventually("the message is done with", || async {
        let counts = world.control("GET", "/installations/dcaas/gate", Value::Null).await;
        let requests = counts["kubernetes"]["requests"].as_array().unwrap().clone();
        // posted or patched, the StatefulSet is the last
        let last = |request: &Value| request.as_str().unwrap().contains("/statefulsets");
        requests.iter().any(last).then_some(())
    })
    .await;
}

async fn call(answer: impl Future<Output = crate::host::Answer>, phase: &str) {
    let answer = answer.await;
    assert_eq!(answer.good()["phase"], json!(phase), "{}", answer.text);
}

async fn is(host: &Host, person: &Person, phase: &str) -> bool {
    host.status(person).await.good()["phase"] == phase
}
