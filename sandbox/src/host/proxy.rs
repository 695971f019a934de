//! Hands an HTTP request through to the executable and its answer back, both as streams (SOURCES 2.2).

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{Stream, stream};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Incoming};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{
    call::{Call, until_ready},
    core::Core,
    headers,
    http::empty,
    log::Level,
    upstream::{self, Body, chunks, whole},
};
use crate::listener::{Answer, Cut};

/// A request on its way to the executable.
pub struct Outgoing {
    pub method: Method,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub length: Option<u64>,
}

/// Proxies one invocation. The client gets the executable's answer, whatever its status, or an empty 500.
pub async fn forward(core: Arc<Core>, mut call: Call, out: Outgoing, body: Incoming) -> Result<Answer, Cut> {
    let cut = call.started + core.limits.front_end;
    let over = call.started + core.app.host.timeout.unwrap_or(Duration::from_secs(1 << 30));
    let work = async {
        until_ready(&core).await.map_err(|error| error.to_string())?;
        let content = Content::of(body, out.length, core.limits.body).await?;
        send(&core, &call, &out, content).await
    };
    let answer = tokio::select! {
        answer = work => answer,
        () = sleep_until(cut.min(over)) => match cut <= over {
            true => {
                call.fail("the front end cut the connection: no answer within 230 s");
                return Err(Cut);
            }
            false => Err(timed_out(&core, &call)),
        },
    };
    match answer {
        Ok(answer) => Ok(pass(core, call, answer, cut, over)),
        Err(why) => {
            call.fail(&why);
            Ok(empty(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

fn timed_out(core: &Core, call: &Call) -> String {
    let why = format!("Timeout value of {:?} was exceeded by invocation {}", core.app.host.timeout, call.id);
    core.supervisor.restart(core.supervisor.number(), &why);
    why
}

/// The body of a request: in hand, or coming in chunks and good for one attempt.
enum Content {
    Whole(Bytes),
    Chunks(Arc<Mutex<Option<Incoming>>>, u64),
}

impl Content {
    /// A body with a length is read whole first (the trigger's binding does that); chunks are passed on as they come.
    async fn of(body: Incoming, length: Option<u64>, most: u64) -> Result<Self, String> {
        if length.is_none() && !body.is_end_stream() {
            return Ok(Self::Chunks(Arc::new(Mutex::new(Some(body))), most));
        }
        let whole =
            upstream::collect(body).await.map_err(|error| format!("the client's body broke off: {error}"))?;
        Ok(Self::Whole(whole))
    }

    /// The body for an attempt.
    fn body(&self) -> Body {
        match self {
            Self::Whole(bytes) => whole(bytes.clone()),
            Self::Chunks(slot, most) => chunks(lazily(slot.clone(), *most)),
        }
    }

    /// Whether an attempt that got a connection may be followed by another: the real host repeats whatever has no
    /// body, since content that was begun can not be read twice, but none can.
    fn is_repeatable(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }
}

/// Takes the body only when the connection asks for its first chunk, so a failed connect has not used it up.
fn lazily(slot: Arc<Mutex<Option<Incoming>>>, left: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((slot, None, left), |(slot, taken, left)| async move {
        let taken = taken.or_else(|| slot.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(mut body): Option<Incoming> = taken else {
            return Ok(None);
        };
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else {
                continue;
            };
            let Some(left) = left.checked_sub(data.len() as u64) else {
                return Err(io::Error::other("the body is larger than the host lets pass"));
            };
            return Ok(Some((data, (slot, Some(body), left))));
        }
        Ok(None)
    })
}

/// Ten attempts, 50 ms doubling to 250 ms apart, as the host's RetryProxyHandler makes them.
async fn send(
    core: &Core,
    call: &Call,
    out: &Outgoing,
    content: Content,
) -> Result<http::Response<Incoming>, String> {
    let mut pause = Duration::from_millis(50);
    let mut attempt = 1;
    loop {
        let request = upstream::request(out.method.clone(), &out.path_and_query, content.body());
        let mut request = request.map_err(|error| error.to_string())?;
        request.headers_mut().extend(out.headers.clone());
        match upstream::send(core.supervisor.port, request).await {
            Ok(answer) => return Ok(answer),
            Err(error) if attempt < 10 && (error.connecting || content.is_repeatable()) => {
                let text = "Failed to proxy request to the worker. Retrying";
                call.say(
                    Level::Warning,
                    &format!("{text} in {}ms. Attempt {attempt} of 10: {error}", pause.as_millis()),
                );
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(250));
                attempt += 1;
            }
            Err(error) => return Err(format!("the executable can not be reached or broke off: {error}")),
        }
    }
}

/// The executable's answer to the client, its body as it comes.
fn pass(
    core: Arc<Core>,
    mut call: Call,
    answer: http::Response<Incoming>,
    cut: Instant,
    over: Instant,
) -> Answer {
    let (head, body) = answer.into_parts();
    let mut to_client = empty(head.status);
    for (name, value) in &head.headers {
        if !headers::is_dropped(name.as_str()) {
            to_client.headers_mut().append(name, value.clone());
        }
    }
    if body.is_end_stream() {
        call.succeed();
        return to_client;
    }
    let (idle, end) = (core.limits.idle, Box::pin(sleep_until(cut.min(over))));
    let under_way = UnderWay { core, call, body, end, cut, over, idle };
    let stream = stream::unfold(Some(under_way), |under_way| async move { under_way?.next().await });
    *to_client.body_mut() = reqwest::Body::wrap_stream(stream);
    to_client
}

/// An answer's body on its way, with the times at which it is cut off.
struct UnderWay {
    core: Arc<Core>,
    call: Call,
    body: Incoming,
    end: Pin<Box<Sleep>>,
    cut: Instant,
    over: Instant,
    idle: Duration,
}

impl UnderWay {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Option<Self>)> {
        loop {
            let why = tokio::select! {
                frame = self.body.frame() => match frame.map(|frame| frame.map(|frame| frame.into_data())) {
                    None => {
                        self.call.succeed();
                        return None;
                    }
                    Some(Ok(Ok(data))) => {
                        // the last bytes of a body of known length: nobody may ask for more
                        if self.body.is_end_stream() {
                            self.call.succeed();
                        }
                        return Some((Ok(data), Some(self)));
                    }
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
