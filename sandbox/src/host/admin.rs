//! The host's own API, as far as it is used: calling a function by hand, and draining (facts 4, 8).

use std::sync::{Arc, atomic::Ordering};

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use futures::StreamExt;
use serde_json::{Map, Value};

use super::{
    Core,
    call::invoke,
    envelope::{self, Facts},
    function_json::{Level, Trigger},
    http::{may, not_understood},
    timer,
};

/// Answers what lies under `/admin` and `/runtime`.
pub async fn answer(
    core: &Arc<Core>,
    request: &HttpRequest,
    path: &str,
    key: Option<&str>,
    mut payload: web::Payload,
) -> HttpResponse {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    // without a master key among the settings this is open, as under `func start`
    if core.settings.contains_key("host.master") && !may(core, Level::Admin, "", key) {
        return HttpResponse::Unauthorized().finish();
    }
    match (request.method().as_str(), words.as_slice()) {
        ("POST", ["admin", "functions", _]) => {
            let mut body = Vec::new();
            while let Some(Ok(chunk)) = payload.next().await {
                body.extend_from_slice(&chunk);
            }
            call(core, request, parts[2], &body)
        }
        ("POST", ["admin", "host", "drain"]) => {
            core.draining.store(true, Ordering::Relaxed);
            HttpResponse::Accepted().finish()
        }
        ("GET", ["admin", "host", "ping"]) => HttpResponse::Ok().finish(),
        _ => not_understood(core, request, "this part of the host's own API is not played"),
    }
}

/// `{"input": "text"}` to a queue or timer function: 202 at once, whatever comes of it.
fn call(core: &Arc<Core>, request: &HttpRequest, name: &str, body: &[u8]) -> HttpResponse {
    let Some(function) = core.app.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name)) else {
        return HttpResponse::NotFound().finish();
    };
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        return HttpResponse::BadRequest().finish();
    };
    let input = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("input")).and_then(|(_, value)| value.as_str());
    let input = input.unwrap_or_default().to_owned();
    let (core, name, trigger) = (core.clone(), function.name.clone(), function.trigger.clone());
    match trigger {
        Trigger::Http { .. } => return not_understood(&core, request, "an HTTP function is called by its route"),
        Trigger::Queue { binding, binary, .. } => {
            // a message made of a text alone, as the extension makes it
            let facts =
                Facts { id: None, pop_receipt: None, dequeue_count: 0, inserted: Utc::now(), expires: None, visible: None };
            let (value, metadata) = envelope::queue(input.as_bytes(), (!binary).then_some(input.as_str()), &facts);
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
    HttpResponse::Accepted().finish()
}

const REASON: &str = "This function was programmatically called via the host APIs.";
