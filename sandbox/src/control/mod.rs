//! The verbs and faults of a running world, over HTTP on loopback.

mod answers;
mod cluster;
mod graph;
mod installations;
mod people;
mod sign_ins;
mod tunnels;

use crate::{
    listener::{Listener, Request},
    world::World,
};
use answers::{Outcome, Refusal, body, empty, json};
use anyhow::Result;
use http::Method;
use std::sync::{Arc, Weak};

/// Begins to answer.
///
/// # Errors
/// When no port is free.
pub async fn start(world: &Arc<World>) -> Result<Listener> {
    // the world owns the listener, so the listener must not own the world
    let world = Arc::downgrade(world);
    Listener::start(None, move |request| {
        let world = world.clone();
        async move {
            let outcome = match Weak::upgrade(&world) {
                // in a task of its own: a client that goes away must not leave half an installation
                Some(world) => match tokio::spawn(answer(world, request)).await {
                    Ok(outcome) => outcome,
                    Err(error) => Err(Refusal::new(500, error, "this is a fault of the sandbox")),
                },
                None => Err(Refusal::new(503, "the world ends", "start it again")),
            };
            Ok(outcome.unwrap_or_else(Refusal::answer))
        }
    })
    .await
}

async fn answer(world: Arc<World>, request: Request) -> Outcome {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let method = request.method().clone();
    match (&method, parts.as_slice()) {
        (_, ["kubernetes", ..]) => cluster::forward(&world, request).await,
        (&Method::GET, []) => Ok(json(200, &world.record()?)),
        (&Method::POST, ["stop"]) => {
            world.ending.cancel();
            Ok(empty(202))
        }
        (&Method::GET, ["leftovers"]) => Ok(json(200, &serde_json::json!(world.oddities.list()))),
        (&Method::GET, ["people"]) => Ok(json(200, &serde_json::json!(world.people.everybody()))),
        (&Method::POST, ["people"]) => people::add(&world, body(request).await?),
        (&Method::PATCH, ["people", name]) => people::change(&world, name, &body(request).await?),
        (&Method::POST, ["tokens"]) => people::token(&world, body(request).await?),
        (&Method::POST, ["keys", "roll"]) => people::roll(&world, body(request).await?),
        (&Method::GET, ["machines"]) => Ok(json(200, &world.machines().map_err(Refusal::missing)?.list())),
        (&Method::POST, ["machines", "faults"]) => {
            world
                .machines()
                .map_err(Refusal::missing)?
                .add_fault(body(request).await?)
                .map_err(Refusal::of_caller)?;
            Ok(empty(204))
        }
        (&Method::DELETE, ["machines", "faults"]) => {
            let pool = crate::listener::query(&request, "pool");
            world.machines().map_err(Refusal::missing)?.clear_faults(pool.as_deref())?;
            Ok(empty(204))
        }
        (&Method::POST, ["machines", "paper"]) => {
            let machines = world.machines().map_err(Refusal::missing)?;
            let names = machines.add_paper(body(request).await?).await.map_err(Refusal::of_caller)?;
            Ok(json(201, &serde_json::json!(names)))
        }
        (&Method::PUT, ["machines", "paper", "log"]) => {
            let log = body(request).await?;
            world.machines().map_err(Refusal::missing)?.paper_says(&log).map_err(Refusal::of_caller)?;
            Ok(empty(204))
        }
        (&Method::DELETE, ["machines", "paper"]) => {
            world.machines().map_err(Refusal::missing)?.remove_paper().await?;
            Ok(empty(204))
        }
        (&Method::POST, ["machines", node, "lose"]) => {
            world.machines().map_err(Refusal::missing)?.lose(node).map_err(Refusal::missing)?;
            Ok(empty(204))
        }
        (_, ["graph", rest @ ..]) => graph::answer(&world, rest, request).await,
        (_, ["sign-ins", rest @ ..]) => sign_ins::answer(&world, rest, request).await,
        (_, ["tunnels", rest @ ..]) => tunnels::answer(&world, rest, request).await,
        (_, ["installations", rest @ ..]) => installations::answer(&world, rest, request).await,
        _ => Err(unknown(&method, &path)),
    }
}

fn unknown(method: &Method, path: &str) -> Refusal {
    Refusal::new(404, format!("{method} {path} is no verb of the world"), VERBS)
}

const VERBS: &str = "verbs: GET /, POST /stop, GET /leftovers, GET|POST /people, PATCH /people/NAME, POST /tokens, \
    POST /keys/roll, GET /machines, POST|DELETE /machines/faults[?pool=P], POST|DELETE /machines/paper, PUT /machines/paper/log, \
    POST /machines/NODE/lose, \
    GET|POST /installations, GET|DELETE /installations/I, PUT /installations/I/app, \
    POST /installations/I/executable/kill, POST /installations/I/identity/rotate, \
    POST /installations/I/identity/token, GET /installations/I/log?tail=N, \
    GET|POST /installations/I/queues/Q, GET /installations/I/gate, POST /installations/I/gate/reset, \
    POST|DELETE /installations/I/faults, GET /graph, POST /graph/token, POST /graph/roles, \
    PUT|DELETE /graph/troubles, POST /graph/release|lose|expire|lifecycle|replay|forge, \
    GET /sign-ins, PUT /sign-ins/pace, POST /sign-ins/CODE/approve|decline|expire, POST /sign-ins/whose|revoke, \
    POST /tunnels/TUNNEL/open|type|close|exec, GET /tunnels/TUNNEL/screen, \
    POST /tunnels/TUNNEL/sleep|wake|cut, \
    ANY /kubernetes/PATH";

/// Used by the submodules for verbs below a resource.
fn no_verb(request: &Request) -> Refusal {
    unknown(request.method(), request.uri().path())
}
