//! Installations, their queues, gates and faults.

use super::{
    answers::{Outcome, Refusal, body, bytes, empty, json},
    no_verb,
};
use crate::{
    installation::{Installation, Wish},
    listener::{self, Request},
    world::World,
};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json as object};

/// What a token of a managed identity is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Audience {
    resource: String,
}

/// Answers everything below `/installations`.
pub async fn answer(world: &World, rest: &[&str], request: Request) -> Outcome {
    let method = request.method().clone();
    let [name, rest @ ..] = rest else {
        return match method {
            Method::GET => {
                let all: Vec<Value> = world.all_installations().iter().map(|one| one.facts()).collect();
                Ok(json(200, &Value::Array(all)))
            }
            Method::POST => install(world, body(request).await?).await,
            _ => Err(no_verb(&request)),
        };
    };
    let one = world.installation(name).map_err(Refusal::missing)?;
    match (&method, rest) {
        (&Method::GET, []) => Ok(json(200, &one.facts())),
        (&Method::DELETE, []) => {
            world.uninstall(name).await?;
            Ok(empty(204))
        }
        (&Method::PUT, ["app"]) => {
            world.change(&one, body(request).await?).await.map_err(Refusal::of_caller)?;
            Ok(json(200, &one.facts()))
        }
        (&Method::POST, ["executable", "kill"]) => {
            one.kill_executable();
            Ok(empty(204))
        }
        (&Method::POST, ["identity", "rotate"]) => {
            one.rotate_identity()?;
            Ok(empty(204))
        }
        (&Method::POST, ["identity", "token"]) => {
            let Audience { resource } = body(request).await?;
            let token = one.identity_token(&resource).map_err(Refusal::of_caller)?;
            Ok(json(200, &object!({"token": token})))
        }
        (&Method::GET, ["log"]) => {
            let tail = listener::query(&request, "tail").and_then(|tail| tail.parse().ok()).unwrap_or(200);
            Ok(listener::text(200, "text/plain; charset=utf-8", one.log_tail(tail)))
        }
        (&Method::POST, ["queues", queue]) => {
            let text = String::from_utf8(bytes(request).await?)
                .map_err(|_| Refusal::new(400, "a message is UTF-8 text", "send text"))?;
            one.queues.put(queue, &text).await?;
            Ok(empty(201))
        }
        (&Method::GET, ["queues", queue]) => Ok(json(200, &object!(one.queues.peek(queue).await?))),
        _ => gate(&one, rest, request).await,
    }
}

async fn install(world: &World, wish: Wish) -> Outcome {
    if let Some(name) = &wish.name
        && world.installation(name).is_ok()
    {
        let next = "take another name, or none";
        return Err(Refusal::new(409, format!("there is an installation `{name}` already"), next));
    }
    let one = world.install(wish).await.map_err(Refusal::of_caller)?;
    Ok(json(201, &one.facts()))
}

async fn gate(one: &Installation, rest: &[&str], request: Request) -> Outcome {
    match (request.method(), rest) {
        (&Method::GET, ["gate"]) => Ok(json(200, &object!(one.gate.counts()))),
        (&Method::POST, ["gate", "reset"]) => {
            one.gate.reset();
            Ok(empty(204))
        }
        (&Method::POST, ["faults"]) => {
            one.gate.add_fault(body(request).await?).map_err(Refusal::of_caller)?;
            Ok(empty(204))
        }
        (&Method::DELETE, ["faults"]) => {
            one.gate.clear_faults();
            Ok(empty(204))
        }
        _ => Err(no_verb(&request)),
    }
}
