//! What a client of the host meets before a function is called: size, Easy Auth, routes, keys, the home page (facts 2.3, 7).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap, web};
use http::Method;

use super::{
    Core, admin,
    call::Call,
    function_json::{Function, Level, Trigger},
    headers,
    proxy::{self, Outgoing},
    settings,
    upstream::Upstream,
};

const HOME: &str = "<!DOCTYPE html><html><head><title>Your Functions 4.0 app is up and running</title></head>\
    <body><h1>Your Functions 4.0 app is up and running</h1></body></html>";

/// Answers every request that reaches the host.
pub async fn answer(
    request: HttpRequest,
    payload: web::Payload,
    core: web::Data<Core>,
    client: web::Data<Upstream>,
) -> HttpResponse {
    let core = core.into_inner();
    if core.is_stopped() {
        return HttpResponse::ServiceUnavailable().body("Function host is not running.");
    }
    let length = header(request.headers(), "content-length").and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length > core.limits.body) {
        return HttpResponse::PayloadTooLarge().finish();
    }
    let Some((path, encoded)) = headers::path(request.uri().path()) else {
        return not_understood(&core, &request, "its path holds an encoded slash or no UTF-8, which Azure changes");
    };
    if header(request.headers(), "upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket")) {
        return not_understood(&core, &request, "web sockets are not played");
    }
    let mut incoming = request.headers().clone();
    if let Some(easy_auth) = &core.easy_auth {
        if path == "/.auth" || path.starts_with("/.auth/") {
            return not_understood(&core, &request, "Easy Auth's own pages are not played");
        }
        easy_auth.apply(&mut incoming, &core.log).await;
    }
    let under = |word: &str| path.split('/').nth(1).is_some_and(|first| first.eq_ignore_ascii_case(word));
    if under("admin") || under("runtime") {
        return admin::answer(&core, &request, &path, presented(&request).as_deref(), payload).await;
    }
    let Some((function, level)) = route(&core, request.method().as_str(), &path) else {
        return match path.as_str() {
            "/" => home(&core),
            _ => HttpResponse::NotFound().finish(),
        };
    };
    if !may(&core, level, &function.name, presented(&request).as_deref()) {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(method) = Method::from_bytes(request.method().as_str().as_bytes()) else {
        return HttpResponse::BadRequest().finish();
    };
    let call = Call::begin(&core.log, &function.name, "This function was programmatically called via the host APIs.");
    let peer = request.peer_addr().map(|peer| peer.ip());
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let out = Outgoing {
        method,
        path_and_query: format!("{encoded}{query}"),
        headers: headers::outgoing(&incoming, peer, call.id),
        length,
    };
    proxy::forward(core.clone(), &client, call, out, payload).await
}

/// Answers 501 and remembers what was asked.
pub fn not_understood(core: &Core, request: &HttpRequest, why: &str) -> HttpResponse {
    let sentence = format!("functions host: {} {}: {why}", request.method(), request.uri().path());
    core.oddities.remember(&sentence);
    HttpResponse::NotImplemented().body(sentence)
}

/// The text of a header.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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

fn home(core: &Arc<Core>) -> HttpResponse {
    let off = settings::get(&core.settings, "AzureWebJobsDisableHomepage");
    match off.is_some_and(|off| off == "1" || off.eq_ignore_ascii_case("true")) {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::Ok().content_type("text/html").body(HOME),
    }
}

/// The key a request brings: the header first, then `?code=`.
fn presented(request: &HttpRequest) -> Option<String> {
    let in_query = || {
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?.into_inner();
        query.into_iter().find(|(name, _)| name == "code").map(|(_, value)| value)
    };
    header(request.headers(), "x-functions-key").map(str::to_owned).or_else(in_query)
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
