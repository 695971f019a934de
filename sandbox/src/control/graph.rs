//! What the world does to Graph: tokens, rights, and everything that goes wrong there.
//!
//! `installation` in a body (or in the query of GET and DELETE) names whose identity it is about; without it, it is
//! about everybody. Whoever shares a world names one.
//!
//! - GET `/graph` → `{"subscriptions", "waiting", "held", "sent": [{"at","url","status","body"}]}`: what waits to be
//!   told, what is held, and the last 1,000 requests to subscribers.
//! - POST `/graph/token` `{"roles"?, "installation"?, "expires_in"?}` → `{"token"}`: an application's token for Graph;
//!   without anything, one that may change groups and users. With an installation, it is that of its identity.
//! - POST `/graph/roles` `{"installation","roles"}`: what its later tokens may do.
//! - PUT `/graph/troubles` `{"installation"?, "stale"?: {"seconds":n}|"frozen", "refuse"?: {"status","retry_after"?,
//!   "times"?,"path"?}, "validation_token"?, "notifications"?: {"delay_ms"?,"copies"?,"drop"?: n|4294967295 (all),
//!   "hold"?,"bare"? (no members@delta),"pack"?: "batch"|"single"|"merged"}}`: what goes wrong from now on, in place
//!   of all before. DELETE ends it, and sends what is held.
//! - POST `/graph/release` `{"installation"?, "reverse"?}`: sends what is held, in order or the last first.
//! - POST `/graph/lose` `{"installation"?, "subscription"?}`: they are gone, and nobody is told.
//! - POST `/graph/expire` `{"installation"?, "subscription"?, "seconds"}`: they end then.
//! - POST `/graph/lifecycle` `{"installation"?, "subscription"?, "event", "pause"?}`: `reauthorizationRequired` (with
//!   `pause`, nothing else is told until it is done), `subscriptionRemoved` (and it is gone), `missed`.
//! - POST `/graph/replay` `{"installation", "last"?: 1}` → `{"statuses"}`: sends what was taken once more.
//! - POST `/graph/forge` `{"installation"?, "subscription"?, "item"?, "body"?, "url"?}` → `{"status"}`: `item` is laid
//!   over a right notification, `body` (JSON, or a text as it is) takes its place; sent once, answered when it is.
//!
//! All others answer `{"count"}`: how many notifications or subscriptions it was.

use super::{
    answers::{Outcome, Refusal, body, empty, json},
    no_verb,
};
use crate::{
    graph::{Forgery, Lifecycle, Trouble, Whose},
    listener::{self, Request},
    world::World,
};
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json as object};
use uuid::Uuid;

const AUDIENCE: &str = "https://graph.microsoft.com";

/// Answers everything below `/graph`.
pub async fn answer(world: &World, rest: &[&str], request: Request) -> Outcome {
    let graph = &world.graph;
    match (request.method(), rest) {
        (&Method::GET, []) => Ok(json(200, &graph.facts(asked(world, &request)?))),
        (&Method::POST, ["token"]) => token(world, &body(request).await?),
        (&Method::POST, ["roles"]) => {
            let Roles { installation, roles } = body(request).await?;
            let identity = world.installation(&installation).map_err(Refusal::missing)?.identity;
            world.entra.grant(identity, roles)?;
            Ok(empty(204))
        }
        (&Method::PUT, ["troubles"]) => {
            let (whose, rest) = whose(world, body(request).await?)?;
            graph.trouble(whose.app, read::<Trouble>(rest)?);
            Ok(empty(204))
        }
        (&Method::DELETE, ["troubles"]) => {
            graph.clear(asked(world, &request)?);
            Ok(empty(204))
        }
        (&Method::POST, [verb]) => {
            let verb = (*verb).to_owned();
            if !VERBS.contains(&verb.as_str()) {
                return Err(no_verb(&request));
            }
            let (whose, rest) = whose(world, body(request).await?)?;
            act(world, &verb, whose, rest).await
        }
        _ => Err(no_verb(&request)),
    }
}

const VERBS: [&str; 6] = ["release", "lose", "expire", "lifecycle", "replay", "forge"];

async fn act(world: &World, verb: &str, whose: Whose, rest: Map<String, Value>) -> Outcome {
    let graph = &world.graph;
    let count = match verb {
        "release" => graph.release(whose.app, read::<Release>(rest)?.reverse),
        "lose" => {
            read::<Nothing>(rest)?;
            graph.lose(whose)
        }
        "expire" => graph.expire(whose, read::<Expire>(rest)?.seconds),
        "lifecycle" => {
            let Event { event, pause } = read(rest)?;
            graph.lifecycle(whose, event, pause)
        }
        "replay" => {
            let Some(app) = whose.app else {
                return Err(Refusal::new(400, "`installation` is missing", "say whose requests come again"));
            };
            let statuses = graph.replay(app, read::<Replay>(rest)?.last).await;
            return Ok(json(200, &object!({"statuses": statuses})));
        }
        _ => {
            let status = graph.forge(whose, read::<Forgery>(rest)?).await.map_err(Refusal::of_caller)?;
            return Ok(json(200, &object!({"status": status})));
        }
    };
    Ok(json(200, &object!({"count": count})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    installation: String,
    roles: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TokenWish {
    installation: Option<String>,
    roles: Option<Vec<String>>,
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Replay {
    last: usize,
}

impl Default for Replay {
    fn default() -> Self {
        Self { last: 1 }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Release {
    reverse: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    event: Lifecycle,
    #[serde(default)]
    pause: bool,
}

fn token(world: &World, wish: &TokenWish) -> Outcome {
    let app = match &wish.installation {
        Some(name) => world.installation(name).map_err(Refusal::missing)?.identity,
        None => Uuid::new_v4(),
    };
    let usual = || ["Group.ReadWrite.All", "User.ReadWrite.All"].map(str::to_owned).to_vec();
    let roles = wish.roles.clone().unwrap_or_else(usual);
    let expires = chrono::Utc::now().timestamp() + wish.expires_in.unwrap_or(3600);
    let token = world.entra.tokens().issue_app_with(app, Uuid::new_v4(), AUDIENCE, expires, &roles)?;
    Ok(json(200, &object!({"token": token})))
}

fn asked(world: &World, request: &Request) -> Result<Option<Uuid>, Refusal> {
    let Some(name) = listener::query(request, "installation") else { return Ok(None) };
    Ok(Some(world.installation(&name).map_err(Refusal::missing)?.identity))
}

/// Whom a verb is about, and what else is in its body.
fn whose(world: &World, mut body: Map<String, Value>) -> Result<(Whose, Map<String, Value>), Refusal> {
    let mut text = |name: &str| match body.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::new(400, format!("`{name}` is a text"), "change it")),
    };
    let (installation, subscription) = (text("installation")?, text("subscription")?);
    let app = match installation {
        Some(name) => Some(world.installation(&name).map_err(Refusal::missing)?.identity),
        None => None,
    };
    let no_id = |_| Refusal::new(400, "`subscription` is an id", "GET /graph lists them");
    let subscription = subscription.map(|id| id.parse()).transpose().map_err(no_id)?;
    Ok((Whose { app, subscription }, body))
}

fn read<T: serde::de::DeserializeOwned>(body: Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(body)).map_err(|error| {
        Refusal::new(400, format!("the body is not what this verb takes: {error}"), "change it")
    })
}
