//! What a client of the host meets before a function is called: size, Easy Auth, routes, keys, the home page (SOURCES 2.3, 7).

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use super::{
    admin,
    call::Call,
    core::Core,
    function_json::{Function, Level, Trigger},
    headers,
    proxy::{self, Outgoing},
    settings,
};
use crate::listener::{Answer, Cut, Request, query, text};

const HOME: &str = "<!DOCTYPE html><html><head><title>Your Functions 4.0 app is up and running</title></head>\
    <body><h1>Your Functions 4.0 app is up and running</h1></body></html>";

/// Answers every request that reaches the host.
pub async fn answer(core: Arc<Core>, request: Request) -> Result<Answer, Cut> {
    if core.is_stopped() {
        return Ok(text(503, "text/plain", "Function host is not running."));
    }
    let length = value(request.headers(), "content-length").and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length > core.limits.body) {
        return Ok(empty(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let Some((path, encoded)) = headers::path(request.uri().path()) else {
        return Ok(not_understood(
            &core,
            &request,
            "its path holds an encoded slash or no UTF-8, which Azure changes",
        ));
    };
    if value(request.headers(), "upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket")) {
        return Ok(not_understood(&core, &request, "web sockets are not played"));
    }
    let mut incoming = request.headers().clone();
    if let Some(easy_auth) = &core.easy_auth {
        if path == "/.auth" || path.starts_with("/.auth/") {
            return Ok(easy_auth.page(&core, &request, &path).await);
        }
        easy_auth.apply(&mut incoming, &core.log).await;
    }
    let under = |word: &str| path.split('/').nth(1).is_some_and(|first| first.eq_ignore_ascii_case(word));
    let key = presented(&request);
    if under("admin") || under("runtime") {
        return Ok(admin::answer(&core, request, &path, key.as_deref()).await);
    }
    let Some((function, level)) = route(&core, request.method().as_str(), &path) else {
        return Ok(match path.as_str() {
            "/" => home(&core),
            _ => empty(StatusCode::NOT_FOUND),
        });
    };
    if !may(&core, level, &function.name, key.as_deref()) {
        return Ok(empty(StatusCode::UNAUTHORIZED));
    }
    let call = Call::begin(
        &core.log,
        &function.name,
        "This function was programmatically called via the host APIs.",
    );
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let out = Outgoing {
        method: request.method().clone(),
        path_and_query: format!("{encoded}{query}"),
        headers: headers::outgoing(&incoming, call.id),
        length,
    };
    proxy::forward(core.clone(), call, out, request.into_body()).await
}

/// Answers 501 and remembers what was asked.
pub fn not_understood(core: &Core, request: &Request, why: &str) -> Answer {
    let sentence = format!("functions host: {} {}: {why}", request.method(), request.uri().path());
    core.oddities.remember(&sentence);
    text(501, "text/plain", sentence)
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Answer::new(reqwest::Body::default());
    *answer.status_mut() = status;
    answer
}

/// The text of a header.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The first function by name whose route and methods fit.
fn route<'a>(core: &'a Core, method: &str, path: &str) -> Option<(&'a Function, Level)> {
    core.app.functions.iter().find_map(|function| match &function.trigger {
        Trigger::Http { template, methods, level }
            if (methods.is_empty() || methods.iter().any(|one| one == method)) && template.fits(path) =>
        {
            Some((function, *level))
        }
        _ => None,
    })
}

fn home(core: &Core) -> Answer {
    let off = settings::get(&core.settings, "AzureWebJobsDisableHomepage");
    match off.is_some_and(|off| off == "1" || off.eq_ignore_ascii_case("true")) {
        true => empty(StatusCode::NO_CONTENT),
        false => text(200, "text/html", HOME),
    }
}

/// The key a request brings: the header first, then `?code=`.
fn presented(request: &Request) -> Option<String> {
    value(request.headers(), "x-functions-key").map(str::to_owned).or_else(|| query(request, "code"))
}

/// Whether a key opens a function: its own or a host key for `function`, the master key for all.
pub fn may(core: &Core, level: Level, function: &str, key: Option<&str>) -> bool {
    if level == Level::Anonymous {
        return true;
    }
    let Some(key) = key else { return false };
    core.settings.iter().any(|(name, value)| {
        let own = level == Level::Function
            && (name.starts_with("host.function.") || name.starts_with(&format!("functions.{function}.")));
        value == key && (own || name == "host.master")
    })
}
