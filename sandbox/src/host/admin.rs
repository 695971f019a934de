//! The host's own API, as far as it is used: calling a function by hand, and draining (SOURCES 4, 8).

use std::sync::{Arc, atomic::Ordering};

use ::http::StatusCode;
use chrono::Utc;
use serde_json::{Map, Value};

use super::{
    call::invoke,
    core::Core,
    envelope::{self, Facts},
    function_json::{Function, Level, Trigger},
    http::{empty, may, not_understood},
    timer, upstream,
};
use crate::listener::{Answer, Request};

/// Answers what lies under `/admin` and `/runtime`.
pub async fn answer(core: &Arc<Core>, request: Request, path: &str, key: Option<&str>) -> Answer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    // without a master key among the settings this is open, as under `func start`
    if core.settings.contains_key("host.master") && !may(core, Level::Admin, "", key) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    match (request.method().as_str(), words.as_slice()) {
        ("POST", ["admin", "functions", _]) => {
            let Some(function) =
                core.app.functions.iter().find(|one| one.name.eq_ignore_ascii_case(parts[2]))
            else {
                return empty(StatusCode::NOT_FOUND);
            };
            if matches!(function.trigger, Trigger::Http { .. }) {
                return not_understood(core, &request, "an HTTP function is called by its route");
            }
            let body = upstream::collect(request.into_body()).await.unwrap_or_default();
            call(core, function, &body)
        }
        ("POST", ["admin", "host", "drain"]) => {
            core.draining.store(true, Ordering::Relaxed);
            empty(StatusCode::ACCEPTED)
        }
        ("GET", ["admin", "host", "ping"]) => empty(StatusCode::OK),
        _ => not_understood(core, &request, "this part of the host's own API is not played"),
    }
}

/// `{"input": "text"}` to a queue or timer function: 202 at once, whatever comes of it.
fn call(core: &Arc<Core>, function: &Function, body: &[u8]) -> Answer {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let input = fields
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("input"))
        .and_then(|(_, value)| value.as_str());
    let input = input.unwrap_or_default().to_owned();
    let (core, name, trigger) = (core.clone(), function.name.clone(), function.trigger.clone());
    match trigger {
        Trigger::Http { .. } => {}
        Trigger::Queue { binding, binary, .. } => {
            // a message made of a text alone, as the extension makes it
            let facts = Facts {
                id: None,
                pop_receipt: None,
                dequeue_count: 0,
                inserted: Utc::now(),
                expires: None,
                visible: None,
            };
            let (value, metadata) =
                envelope::queue(input.as_bytes(), (!binary).then_some(input.as_str()), &facts);
            let body = envelope::request(&name, &binding, value, metadata);
            core.clone().spawn(async move { drop(invoke(&core, &name, REASON, &body).await) });
        }
        Trigger::Timer { binding, monitor, .. } => {
            core.clone().spawn(async move {
                let status = match monitor {
                    true => timer::status(&core, &name).await.unwrap_or_default(),
                    false => None,
                };
                let value = envelope::timer(status.as_ref(), false);
                let body = envelope::request(&name, &binding, value, Map::new());
                drop(invoke(&core, &name, REASON, &body).await);
            });
        }
    }
    empty(StatusCode::ACCEPTED)
}

const REASON: &str = "This function was programmatically called via the host APIs.";
