//! The person at the other end of a workspace's tunnel, and the relay in between.

use super::{
    answers::{Outcome, Refusal, body, empty, json},
    no_verb,
};
use crate::{listener::Request, tunnels::Tunnel, world::World};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json as object};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Typing {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Execution {
    command: Vec<String>,
}

/// Answers everything below `/tunnels`.
pub async fn answer(world: &World, rest: &[&str], request: Request) -> Outcome {
    let method = request.method().clone();
    match (&method, rest) {
        (&Method::POST, [name, "open"]) => ask(name, object!({"open": {}})).await,
        (&Method::POST, [name, "close"]) => ask(name, object!({"close": {}})).await,
        (&Method::GET, [name, "screen"]) => ask(name, object!({"screen": {}})).await,
        (&Method::POST, [name, "type"]) => {
            let Typing { text } = body(request).await?;
            ask(name, object!({"type": {"text": text}})).await
        }
        (&Method::POST, [name, "exec"]) => {
            let Execution { command } = body(request).await?;
            ask(name, object!({"exec": {"command": command}})).await
        }
        (&Method::POST, [name, does @ ("sleep" | "wake" | "cut")]) => {
            let relay = world.relay().map_err(Refusal::missing)?;
            let done = match *does {
                "cut" => relay.cut(name),
                does => relay.sleep(name, does == "sleep"),
            };
            done.map_err(Refusal::missing)?;
            Ok(empty(204))
        }
        _ => Err(no_verb(&request)),
    }
}

async fn ask(name: &str, wish: Value) -> Outcome {
    let tunnel = Tunnel::find(name).map_err(Refusal::missing)?;
    Ok(json(200, &tunnel.ask(&wish).await.map_err(Refusal::of_caller)?))
}
