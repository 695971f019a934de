//! The person at the browser, and what GitHub and Entra do about sign-ins of devices.
//!
//! - GET `/sign-ins` → `[{"provider","code","client_id","scope","installation","state","good_for","interval","polls",
//!   "hurried"}]`: all flows, oldest first. `state` is `waiting`, `approved`, `declined`, `expired` or `done`;
//!   `hurried` counts the polls that came too early. Times are seconds.
//! - POST `/sign-ins/CODE/approve` `{"as"?}`: with the account of that name. GitHub has one of every name, and takes
//!   `octocat` without any; at Entra it is a person of the world, who has to be named.
//! - POST `/sign-ins/CODE/decline`, POST `/sign-ins/CODE/expire` (its time is over). All three answer the flow.
//! - PUT `/sign-ins/pace` `{"installation"?, "interval", "expires_in"}`: of flows that begin from now on; without an
//!   installation, of all that have no pace of their own. Whoever shares a world names one.
//! - POST `/sign-ins/whose` `{"token"}` → `{"provider","account"}`, or 404 for a token that is good nowhere.
//! - POST `/sign-ins/revoke` `{"token"}` or `{"as"}` → `{"count"}`: it, or all of an account, count no more.

use super::{
    answers::{Outcome, Refusal, body, empty, json},
    no_verb,
};
use crate::{
    device_flows::{Pace, Undecidable},
    listener::Request,
    world::World,
};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json as object};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Account {
    r#as: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Revoked {
    token: Option<String>,
    r#as: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaceWish {
    installation: Option<String>,
    interval: u64,
    expires_in: u64,
}

/// Answers everything below `/sign-ins`.
pub async fn answer(world: &World, rest: &[&str], request: Request) -> Outcome {
    match (request.method(), rest) {
        (&Method::GET, []) => Ok(json(200, &Value::Array(list(world)))),
        (&Method::PUT, ["pace"]) => pace(world, &body(request).await?),
        (&Method::POST, ["whose"]) => whose(world, &body(request).await?),
        (&Method::POST, ["revoke"]) => revoke(world, &body(request).await?),
        (&Method::POST, [code, "approve"]) => approve(world, code, body(request).await?),
        (&Method::POST, [code, "decline"]) => told(world, code, |world| {
            let github = world.github.flows().decide(code, None);
            first(github, || world.entra.flows().decide(code, None))
        }),
        (&Method::POST, [code, "expire"]) => told(world, code, |world| {
            first(world.github.flows().expire(code), || world.entra.flows().expire(code))
        }),
        _ => Err(no_verb(&request)),
    }
}

fn list(world: &World) -> Vec<Value> {
    let all = world.github.flows().list().into_iter().chain(world.entra.flows().list());
    all.map(|flow| with_installation(world, flow)).collect()
}

/// The address that the flow was begun at is an installation's gate.
fn with_installation(world: &World, mut flow: Value) -> Value {
    let called = flow["called"].take();
    let name = world.all_installations().into_iter().find(|one| {
        let mut own = ["github", "entra"].iter().filter_map(|party| one.gate.url(party).ok());
        own.any(|url| called == url.origin().ascii_serialization())
    });
    if let Some(flow) = flow.as_object_mut() {
        flow.remove("called");
        flow.insert("installation".into(), name.map(|one| one.name.clone()).into());
    }
    flow
}

fn pace(world: &World, wish: &PaceWish) -> Outcome {
    let pace = Pace { interval: wish.interval, expires_in: wish.expires_in };
    if pace.interval == 0 {
        return Err(Refusal::new(400, "an interval of 0 is none", "say 1 or more"));
    }
    let at = |party: &str| match &wish.installation {
        None => Ok(None),
        Some(name) => {
            let url = world.installation(name).map_err(Refusal::missing)?.gate.url(party)?;
            Ok::<_, Refusal>(Some(url.origin().ascii_serialization()))
        }
    };
    world.github.flows().pace(at("github")?, pace);
    world.entra.flows().pace(at("entra")?, pace);
    Ok(empty(204))
}

fn approve(world: &World, code: &str, account: Account) -> Outcome {
    let named = account.r#as;
    let login = named.clone().unwrap_or_else(|| "octocat".to_owned());
    match world.github.flows().decide(code, Some(login)) {
        Err(Undecidable::Unknown) => {}
        decided => return told(world, code, |_| decided),
    }
    let known = world.entra.flows().list().iter().any(|flow| flow["code"] == code.to_uppercase());
    let Some(named) = named.filter(|_| known) else {
        if known {
            let next = "say who signs in: {\"as\":\"ben\"}, or --as ben";
            return Err(Refusal::new(400, "Entra has no account without a person", next));
        }
        return told(world, code, |_| Err(Undecidable::Unknown));
    };
    let person = world.people.find(&named).map_err(Refusal::missing)?;
    told(world, code, |world| world.entra.flows().decide(code, Some(person.user())))
}

fn first(
    decided: Result<Value, Undecidable>,
    other: impl FnOnce() -> Result<Value, Undecidable>,
) -> Result<Value, Undecidable> {
    if decided == Err(Undecidable::Unknown) { other() } else { decided }
}

fn told(world: &World, code: &str, decide: impl FnOnce(&World) -> Result<Value, Undecidable>) -> Outcome {
    match decide(world) {
        Ok(flow) => Ok(json(200, &with_installation(world, flow))),
        Err(Undecidable::Over(state)) => {
            let next = "begin another sign-in, or GET /sign-ins";
            Err(Refusal::new(409, format!("the code {code} is {state}"), next))
        }
        Err(Undecidable::Unknown) => {
            let waiting: Vec<String> = list(world)
                .iter()
                .filter(|flow| flow["state"] == "waiting")
                .filter_map(|flow| flow["code"].as_str().map(str::to_owned))
                .collect();
            let next = if waiting.is_empty() {
                "begin a sign-in first: no code waits".to_owned()
            } else {
                format!("these wait: {}", waiting.join(", "))
            };
            Err(Refusal::new(404, format!("nobody was given the code {code}"), next))
        }
    }
}

fn whose(world: &World, Token { token }: &Token) -> Outcome {
    if let Some(login) = world.github.whose(token) {
        return Ok(json(200, &object!({"provider": "github", "account": login})));
    }
    let Some(oid) = world.entra.whose(token) else {
        return Err(Refusal::new(404, "this token is good nowhere", "sign in again"));
    };
    let everybody = world.people.everybody();
    let name = everybody.into_iter().find(|person| person.oid == oid).map(|person| person.name);
    Ok(json(200, &object!({"provider": "microsoft", "account": name})))
}

fn revoke(world: &World, wish: &Revoked) -> Outcome {
    let count = match (&wish.token, &wish.r#as) {
        (Some(token), None) => usize::from(world.github.revoke(token) | world.entra.revoke(token)),
        (None, Some(name)) => {
            let person = world.people.find(name).ok();
            world.github.revoke_all(name) + person.map_or(0, |person| world.entra.revoke_all(person.oid))
        }
        _ => return Err(Refusal::new(400, "one of `token` and `as` is needed", "say which")),
    };
    Ok(json(200, &object!({"count": count})))
}
