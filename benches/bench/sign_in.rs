//! A first start with its sign-in: from the moment when the person has approved to the tunnel's connection.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    host::Host,
    table::{self, quantile},
    world::{Person, World, eventually},
};

/// So many people, one after the other.
const PEOPLE: usize = 7;

/// How long one person's way took.
pub struct Took {
    /// To the machine's being asked for.
    went_on: Duration,
    /// To the tunnel's connection.
    pub connected: Duration,
}

pub async fn measure(world: &World) {
    table::about(&format!(
        "{PEOPLE} first starts, from `approved` on; the provider wants a second between polls"
    ));
    let host = Host::of(world);
    let mut all = Vec::new();
    for person in world.people(PEOPLE).await {
        all.push(one(world, &host, &person).await);
    }
    let middle = |times: &dyn Fn(&Took) -> Duration| {
        let times: Vec<Duration> = all.iter().map(times).collect();
        format!("{:.1} s ({:.1} s)", quantile(&times, 0.5).as_secs_f64(), quantile(&times, 1.0).as_secs_f64())
    };
    table::seen("to the start's going on, p50 (longest)", &middle(&|took| took.went_on));
    table::seen("from there to connected, p50 (longest)", &middle(&|took| took.connected - took.went_on));
    table::seen("to connected, p50 (longest)", &middle(&|took| took.connected));
}

/// Provisions and signs somebody in, whose start then goes on by itself, and stops them again.
pub async fn one(world: &World, host: &Host, person: &Person) -> Took {
    let set = format!("/kubernetes{}", person.set());
    world.enqueue(person).await;
    let path = format!("/kubernetes/apis/apps/v1/namespaces/{}/statefulsets", person.namespace());
    eventually("the member is provisioned", || async {
        let sets = world.control("GET", &path, Value::Null).await;
        (!sets["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let shown = host.start(person).await.good();
    let code = shown["signIn"]["code"].as_str().unwrap().to_owned();
    world.control("POST", &format!("/sign-ins/{code}/approve"), json!({})).await;
    let begun = Instant::now();
    // nobody calls: the message's look does it
    eventually("the start goes on", || async {
        (world.control("GET", &set, Value::Null).await["spec"]["replicas"] == 1).then_some(())
    })
    .await;
    let went_on = begun.elapsed();
    eventually("the tunnel is connected", || async {
        host.status(person).await.good()["address"].as_str().map(|_| ())
    })
    .await;
    let connected = begun.elapsed();
    host.stop(person).await.good();
    Took { went_on, connected }
}
