//! The server that the Functions host talks to: requests in, replies out, and no panic past this file.

use std::{net::Ipv4Addr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use actix_web::{
    App as Web, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer,
    http::{StatusCode, header},
    web::{self, Bytes},
};
use anyhow::Context;
use futures::{FutureExt, StreamExt, TryStreamExt};

use crate::{
    api::{
        exchange::{Content, Reply, Request},
        problem::{Code, Problem},
    },
    app::App,
    functions::{FUNCTIONS, Function, Run},
    protocol,
};

/// The host kills the whole process when an invocation reaches its own timeout, with everything in flight.
const LONGEST_TURN: Duration = Duration::from_secs(150);

/// Set by the host on every invocation, and missing on its probe.
const INVOCATION: &str = "x-azure-functions-invocationid";

/// Serves until the process is killed, which is how the host ends it.
///
/// # Errors
/// When the port can not be had.
pub async fn serve(port: u16, app: App) -> anyhow::Result<()> {
    let app = Arc::new(app);
    for fault in app.faults() {
        tracing::error!(fault, "settings");
    }
    let address = (Ipv4Addr::LOCALHOST, port);
    server(app, FUNCTIONS, address)?.await.context("the server ended")
}

fn server(
    app: Arc<App>,
    functions: &'static [Function],
    address: (Ipv4Addr, u16),
) -> anyhow::Result<actix_web::dev::Server> {
    let make = move || {
        let app = app.clone();
        let answer = move |request: HttpRequest, payload: web::Payload| {
            answer(app.clone(), functions, request, payload)
        };
        Web::new().default_service(web::to(answer))
    };
    // a client that has gone away must end its turn, also a log that it followed
    let server = HttpServer::new(make).workers(2).h1_allow_half_closed(false).bind(address);
    Ok(server.with_context(|| format!("port {} can not be had", address.1))?.run())
}

async fn answer(
    app: Arc<App>,
    functions: &'static [Function],
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    // the host's probe, and its ping later on
    if request.path() == "/" && request.headers().get(INVOCATION).is_none() {
        return HttpResponse::Ok().finish();
    }
    let Some(function) = functions.iter().find(|f| is_called(f, &request)) else {
        let problem =
            Problem::new(Code::NoSuchRoute, format!("there is no {} {}", request.method(), request.path()))
                .next("The README lists what there is.");
        return respond(problem.into());
    };
    let turn = AssertUnwindSafe(turn(app, function, request, payload)).catch_unwind();
    let reply = match tokio::time::timeout(LONGEST_TURN, turn).await {
        Ok(Ok(Ok(reply))) => reply,
        Ok(Ok(Err(problem))) => fail(function.name, problem),
        Ok(Err(_)) => fail(function.name, bug("it panicked; the line above says where")),
        Err(_) => fail(function.name, bug(&format!("no end within {LONGEST_TURN:?}"))),
    };
    respond(reply)
}

fn is_called(function: &Function, request: &HttpRequest) -> bool {
    match function.run {
        Run::Http(method, _) => request.method().as_str() == method && request.path() == function.path(),
        Run::Queue(_) | Run::Timer(_) => {
            request.method() == "POST" && request.path().strip_prefix('/') == Some(function.name)
        }
    }
}

async fn turn(
    app: Arc<App>,
    function: &'static Function,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<Reply, Problem> {
    let body = read(payload, function.largest).await?;
    match function.run {
        Run::Http(_, run) => run(app, plain(&request, body)?).await,
        Run::Queue(run) => {
            let message = protocol::queue_message(&body).map_err(not_the_host)?;
            Ok(told(function.name, run(app, message).await?))
        }
        Run::Timer(run) => {
            protocol::timer(&body).map_err(not_the_host)?;
            Ok(told(function.name, run(app).await?))
        }
    }
}

fn not_the_host(why: String) -> Problem {
    Problem::new(Code::BadRequest, why).next("This route is for the Functions host alone.")
}

/// What a turn says goes to our log, and to the host's.
fn told(function: &str, said: String) -> Reply {
    tracing::info!(function, said);
    Reply::json(200, &protocol::done(&[said]))
}

/// The body, up to its largest size. The rest of a larger one is read and dropped, so that the host, which
/// is still sending, gets our answer instead of a broken connection.
async fn read(mut payload: web::Payload, largest: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    let mut size = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| {
            Problem::new(Code::BadRequest, "the body broke off").next("Send it again.").cause(e)
        })?;
        size += chunk.len();
        if size <= largest {
            body.extend_from_slice(&chunk);
        }
    }
    if size > largest {
        return Err(Problem::new(Code::BodyTooLarge, format!("the body has more than {largest} bytes"))
            .next("This function needs none as large: send the fields that the README lists."));
    }
    Ok(body)
}

fn plain(request: &HttpRequest, body: Vec<u8>) -> Result<Request, Problem> {
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).map_err(|e| {
        Problem::new(Code::BadRequest, "the query can not be read").next("Encode it as ?name=value.").cause(e)
    })?;
    let mut headers = std::collections::BTreeMap::<String, String>::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().to_owned()).and_modify(|v| *v = format!("{v}, {value}")).or_insert(value);
    }
    Ok(Request { method: request.method().to_string(), query: query.into_inner(), headers, body })
}

fn bug(cause: &str) -> Problem {
    Problem::new(Code::Bug, "dcaas failed at this")
        .next("Try again; if it goes on, tell an admin the time.")
        .cause(cause)
}

/// One failure, one line in the log; what the caller must not read is in it and not in the reply.
fn fail(function: &str, problem: Problem) -> Reply {
    let (code, cause) = (problem.code.word(), problem.cause.as_deref().unwrap_or_default());
    if problem.code.status() >= 500 {
        tracing::error!(function, code, detail = problem.detail, cause);
    } else {
        tracing::info!(function, code, detail = problem.detail, cause);
    }
    problem.into()
}

fn respond(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponseBuilder::new(status);
    response
        .insert_header((header::CONTENT_TYPE, reply.content_type))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // a text that we were given and give back is no page
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if let Some(seconds) = reply.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    match reply.body {
        Content::Whole(body) => response.body(body),
        Content::Page { html, policy } => response
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .insert_header(("cross-origin-opener-policy", "same-origin"))
            .body(html),
        Content::Stream(stream) => response.streaming(stream.map_ok(Bytes::from)),
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
