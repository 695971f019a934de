//! Hands an HTTP request through to the executable and its answer back, both as streams (facts 2.2).

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    body::SizedStream,
    error::PayloadError,
    http::StatusCode,
    web::{Bytes, Payload},
};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::{
    Core,
    call::{Call, until_ready},
    headers,
    log::Level,
    upstream::{self, Body, Upstream, chunks, whole},
};

/// A request on its way to the executable.
pub struct Outgoing {
    pub method: Method,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub length: Option<u64>,
}

/// The body of a request: in hand, or coming in chunks and good for one attempt.
enum Content {
    Whole(Bytes),
    Chunks(Chunks),
}

type Chunks = Arc<Mutex<Option<mpsc::Receiver<io::Result<Bytes>>>>>;

/// Proxies one invocation. The client gets the executable's answer, whatever its status, or an empty 500.
pub async fn forward(core: Arc<Core>, client: &Upstream, call: Call, out: Outgoing, payload: Payload) -> HttpResponse {
    let mut call = call;
    let cut = call.started + core.limits.front_end;
    let over = call.started + core.app.host.timeout.unwrap_or(Duration::from_secs(1 << 30));
    let work = async {
        until_ready(&core).await.map_err(|error| error.to_string())?;
        let content = content(&out, payload, core.limits.body).await?;
        send(&core, client, &call, &out, content).await
    };
    let answer = tokio::select! {
        answer = work => answer,
        () = sleep_until(cut.min(over)) => {
            if cut <= over {
                call.fail("the front end cut the connection: no answer within 230 s");
                drop(call);
                hang_up();
            }
            Err(timed_out(&core, &call))
        }
    };
    match answer {
        Ok(answer) => pass(core, call, answer, cut, over),
        Err(why) => {
            call.fail(&why);
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Ends the connection without an answer. actix answers 500 to every error; only the end of the connection's
/// own task closes the socket silently, and that touches no other connection.
fn hang_up() -> ! {
    std::panic::resume_unwind(Box::new("the front end hangs up"))
}

fn timed_out(core: &Core, call: &Call) -> String {
    let why = format!("Timeout value of {:?} was exceeded by invocation {}", core.app.host.timeout, call.id);
    core.supervisor.restart(core.supervisor.number(), &why);
    why
}

/// A body with a length is read whole first (the trigger's binding does that); one in chunks is passed on as it comes.
async fn content(out: &Outgoing, mut payload: Payload, most: u64) -> Result<Content, String> {
    let chunked = out.length.is_none();
    if !chunked {
        let mut whole = Vec::new();
        while let Some(chunk) = payload.next().await {
            whole.extend_from_slice(&chunk.map_err(|error| format!("the client's body broke off: {error}"))?);
        }
        return Ok(Content::Whole(whole.into()));
    }
    // a request without a body ends at once
    let first = match payload.next().await {
        None => return Ok(Content::Whole(Bytes::new())),
        Some(first) => first.map_err(|error| format!("the client's body broke off: {error}"))?,
    };
    let (sender, receiver) = mpsc::channel(8);
    actix_web::rt::spawn(async move {
        let mut size = 0;
        let mut next: Option<Result<Bytes, PayloadError>> = Some(Ok(first));
        while let Some(chunk) = next {
            size += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
            let chunk = match chunk {
                Ok(_) if size > most => Err(io::Error::other("the body is too large")),
                chunk => chunk.map_err(|error| io::Error::other(error.to_string())),
            };
            let broken = chunk.is_err();
            if sender.send(chunk).await.is_err() || broken {
                return;
            }
            next = payload.next().await;
        }
    });
    Ok(Content::Chunks(Arc::new(Mutex::new(Some(receiver)))))
}

impl Content {
    /// The body for an attempt.
    fn body(&self) -> Body {
        match self {
            Self::Whole(bytes) => whole(bytes.clone()),
            Self::Chunks(chunks_of) => chunks(lazily(chunks_of.clone())),
        }
    }

    /// Whether an attempt that got a connection may be followed by another: the real host repeats whatever has
    /// no body, since its content can not be read twice and no content can.
    fn is_repeatable(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }
}

/// Takes the chunks only when the connection asks for the first, so a failed connect has not used them up.
fn lazily(slot: Chunks) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold((slot, None), |(slot, taken)| async move {
        let mut receiver: mpsc::Receiver<io::Result<Bytes>> = match taken {
            Some(receiver) => receiver,
            None => slot.lock().unwrap_or_else(PoisonError::into_inner).take()?,
        };
        let chunk = receiver.recv().await?;
        Some((chunk, (slot, Some(receiver))))
    })
}

/// Ten attempts, 50 ms doubling to 250 ms apart, as the host's RetryProxyHandler makes them.
async fn send(
    core: &Core,
    client: &Upstream,
    call: &Call,
    out: &Outgoing,
    content: Content,
) -> Result<http::Response<Incoming>, String> {
    let mut pause = Duration::from_millis(50);
    let mut attempt = 1;
    loop {
        let request = upstream::request(core.supervisor.port, out.method.clone(), &out.path_and_query, content.body());
        let mut request = request.map_err(|error| error.to_string())?;
        request.headers_mut().extend(out.headers.clone());
        match client.request(request).await {
            Ok(answer) => return Ok(answer),
            Err(error) if attempt < 10 && (error.is_connect() || content.is_repeatable()) => {
                let text = "Failed to proxy request to the worker. Retrying";
                call.say(Level::Warning, &format!("{text} in {}ms. Attempt {attempt} of 10: {error}", pause.as_millis()));
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(250));
                attempt += 1;
            }
            Err(error) => return Err(format!("the executable can not be reached or broke off: {error}")),
        }
    }
}

/// The executable's answer to the client, its body as it comes.
fn pass(core: Arc<Core>, call: Call, answer: http::Response<Incoming>, cut: Instant, over: Instant) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    let mut length = None;
    for (name, value) in answer.headers() {
        match name.as_str() {
            "content-length" => length = value.to_str().ok().and_then(|text| text.parse::<u64>().ok()),
            name if headers::is_dropped(name) => {}
            name => {
                builder.append_header((name, value.as_bytes()));
            }
        }
    }
    let idle = core.limits.idle;
    let stream = Answer { core, call, body: answer.into_body(), end: Box::pin(sleep_until(cut.min(over))), cut, over, idle };
    let stream = Box::pin(stream::unfold(Some(stream), |answer| async move { answer?.next().await }));
    match length {
        _ if status.as_u16() == 204 || status.as_u16() == 304 => builder.body(SizedStream::new(0, stream)),
        Some(length) => builder.body(SizedStream::new(length, stream)),
        None => builder.streaming(stream),
    }
}

/// An answer's body under way, with the times at which it is cut off.
struct Answer {
    core: Arc<Core>,
    call: Call,
    body: Incoming,
    end: Pin<Box<Sleep>>,
    cut: Instant,
    over: Instant,
    idle: Duration,
}

impl Answer {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Option<Self>)> {
        loop {
            let why = tokio::select! {
                frame = self.body.frame() => match frame.map(|frame| frame.map(|frame| frame.into_data())) {
                    None => {
                        self.call.succeed();
                        return None;
                    }
                    Some(Ok(Ok(data))) => return Some((Ok(data), Some(self))),
                    Some(Ok(Err(_trailers))) => continue,
                    Some(Err(error)) => format!("the executable broke off its answer: {error}"),
                },
                () = &mut self.end => match self.cut <= self.over {
                    true => "the front end cut the connection after 230 s".to_owned(),
                    false => timed_out(&self.core, &self.call),
                },
                () = sleep(self.idle) => format!("no byte of the answer within {:?}", self.idle),
            };
            self.call.fail(&why);
            return Some((Err(io::Error::other(why)), None));
        }
    }
}
