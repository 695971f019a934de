//! One invocation: its id, its log lines, and the call in the envelope for functions without HTTP (SOURCES 3).

use std::{future::pending, io, sync::atomic::Ordering, time::Duration};

use futures::stream;
use http::{HeaderValue, Method};
use hyper::body::Bytes;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{
    child::ready,
    core::Core,
    envelope::{self, Outcome},
    log::{Level, Log},
    upstream::{self, chunks, whole},
};

/// The host's version, as its headers tell it.
pub const HOST_VERSION: &str = "4.1052.200.0";
const USER_AGENT: &str = "Azure-Functions-Host/4.1052.200.0";
/// Carries [`HOST_VERSION`].
pub const VERSION_HEADER: &str = "x-azure-functions-hostversion";
/// Carries the invocation's id.
pub const INVOCATION_HEADER: &str = "x-azure-functions-invocationid";

/// An invocation under way; dropped unfinished it was cancelled.
pub struct Call {
    pub id: Uuid,
    pub started: Instant,
    function: String,
    log: Log,
    ended: bool,
}

impl Call {
    /// Begins an invocation, with the line the host writes.
    pub fn begin(log: &Log, function: &str, reason: &str) -> Self {
        let id = Uuid::new_v4();
        log.write(
            Level::Information,
            category(function).as_str(),
            &format!("Executing 'Functions.{function}' (Reason='{reason}', Id={id})"),
        );
        Self { id, started: Instant::now(), function: function.to_owned(), log: log.clone(), ended: false }
    }

    /// Ends it well.
    pub fn succeed(&mut self) {
        self.end(Level::Information, "Succeeded", "");
    }

    /// Ends it with a reason.
    pub fn fail(&mut self, why: &str) {
        self.end(Level::Error, "Failed", &format!(": {why}"));
    }

    /// A line of the function's own.
    pub fn say(&self, level: Level, text: &str) {
        self.log.write(level, &category(&self.function), text);
    }

    fn end(&mut self, level: Level, how: &str, why: &str) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let (id, took) = (self.id, self.started.elapsed().as_millis());
        self.say(
            level,
            &format!("Executed 'Functions.{}' ({how}, Id={id}, Duration={took}ms){why}", self.function),
        );
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Level::Warning, "Cancelled", "");
    }
}

fn category(function: &str) -> String {
    format!("Function.{function}")
}

/// Waits for the executable. If that takes four times its initialization, the host stops (SOURCES 1.3).
pub async fn until_ready(core: &Core) -> anyhow::Result<()> {
    let limit = core.app.host.initialization * 4;
    let settled = ready(&core.supervisor.phase, limit).await;
    if let Err(error) = &settled
        && !core.is_stopped()
    {
        core.supervisor.give_up(&format!("{error}: the host is shutting down"));
    }
    settled
}

/// Calls a function in the envelope; an error is a failed invocation.
pub async fn invoke(core: &Core, function: &str, reason: &str, body: &Value) -> Result<(), String> {
    let mut call = Call::begin(&core.log, function, reason);
    let run = async {
        until_ready(core).await.map_err(|error| error.to_string())?;
        let number = core.supervisor.number();
        let limit = core.app.host.timeout;
        let deadline = Instant::now() + limit.unwrap_or(Duration::from_secs(1 << 30));
        let over = |error: tokio::time::error::Elapsed| {
            let why = format!("Timeout value of {limit:?} was exceeded by 'Functions.{function}' ({error})");
            core.supervisor.restart(number, &why);
            why
        };
        match timeout_at(deadline, post(core, function, &call, body)).await.map_err(over)?? {
            Outcome::Done { logs, outputs } => {
                logs.iter().for_each(|line| call.say(Level::Information, line));
                if outputs {
                    core.oddities.remember(format!(
                        "functions host: {function} answered with outputs, but binds none"
                    ));
                }
                Ok(())
            }
            Outcome::Failed(why) => Err(why),
            Outcome::Hangs => {
                let why = format!(
                    "functions host: {function} answered 2xx without JSON: the real invocation hangs (trap 1)"
                );
                core.oddities.remember(&why);
                call.say(Level::Error, &why);
                timeout_at(deadline, pending::<()>()).await.map_err(over)?;
                Err(why)
            }
        }
    };
    let done = run.await;
    match &done {
        Ok(()) => call.succeed(),
        Err(why) => call.fail(why),
    }
    done
}

async fn post(core: &Core, function: &str, call: &Call, body: &Value) -> Result<Outcome, String> {
    let text = Bytes::from(body.to_string());
    // in Azure it comes in chunks, under `func start` with a length: an executable must take both (SOURCES 3.1)
    let body = match core.calls.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => chunks(stream::iter([Ok::<_, io::Error>(text)])),
        _ => whole(text),
    };
    let request = upstream::request(Method::POST, &format!("/{function}"), body);
    let mut request = request.map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert("user-agent", HeaderValue::from_static(USER_AGENT));
    headers.insert(VERSION_HEADER, HeaderValue::from_static(HOST_VERSION));
    headers.insert(
        INVOCATION_HEADER,
        HeaderValue::from_str(&call.id.to_string()).map_err(|error| error.to_string())?,
    );
    let answer = upstream::send(core.supervisor.port, request)
        .await
        .map_err(|error| format!("the executable can not be reached: {error}"))?;
    let status = answer.status().as_u16();
    let content_type =
        answer.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = upstream::collect(answer.into_body())
        .await
        .map_err(|error| format!("its answer broke off: {error}"))?;
    Ok(envelope::judge(status, content_type.as_deref(), &body))
}
