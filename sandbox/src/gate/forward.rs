//! One request through the gate: fault, forward, count.

use std::sync::{Arc, PoisonError};

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};

use super::fault::{Kind, Word};
use super::{Count, Shared, refusal};
use crate::listener::{Answer, Cut, Request};

/// Headers that belong to one connection, not to the request (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Answers one request of a party whose real address begins with `base`.
pub(super) async fn answer(
    shared: Arc<Shared>,
    party: &'static str,
    base: Arc<str>,
    request: Request,
) -> Result<Answer, Cut> {
    let mut record = Record::new(&shared, party, request.method(), request.uri());
    if request.headers().contains_key(header::UPGRADE) {
        shared.oddities.remember(format!("gate: {} asks {party} for an upgrade", record.request));
        return Ok(record.status(refusal::answer(party, 501, None)));
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let fault = {
        let mut faults = shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.hit(party, request.method().as_str(), path)
    };
    match fault {
        Some(Kind::Status(fault)) => {
            return Ok(record.status(refusal::answer(party, fault.status, fault.retry_after)));
        }
        Some(Kind::Delay(delay)) => tokio::time::sleep(delay.duration()).await,
        Some(Kind::Word(Word::Cut)) => return record.end("cut"),
        Some(Kind::Word(Word::Hang)) => {
            record.outcome = "hang".into();
            // ends with the client's patience or with the gate: both drop this future
            std::future::pending::<()>().await;
        }
        Some(Kind::Word(Word::KillBefore)) => {
            shared.kill();
            return record.end("killed");
        }
        Some(Kind::Word(Word::KillAfter)) | None => {}
    }
    let answer = match pass_on(&shared, party, &base, request).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!("gate: {} of {party} got no answer: {error:#}", record.request);
            return record.end("unreachable");
        }
    };
    if fault == Some(Kind::Word(Word::KillAfter)) {
        shared.kill();
        return record.end("killed");
    }
    Ok(record.status(answer))
}

async fn pass_on(
    shared: &Arc<Shared>,
    party: &'static str,
    base: &str,
    request: Request,
) -> anyhow::Result<Answer> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = reqwest::Url::parse(&format!("{base}{path}"))?;
    remove_hop_by_hop(&mut head.headers);
    // Host goes on as it came: the API server and Azurite do not look at it (Azurite only for a name with the
    // account in it, and signs the path alone), and Entra and Graph make from it the addresses that they
    // name in their answers, which then lead through the gate again.
    let body = weighed(shared, party, body, |count, bytes| count.sent += bytes);
    let sent = shared.client.request(head.method, url).headers(head.headers).body(body).send().await?;
    let (mut head, body) = Answer::from(sent).into_parts();
    remove_hop_by_hop(&mut head.headers);
    Ok(Answer::from_parts(head, weighed(shared, party, body, |count, bytes| count.received += bytes)))
}

/// The body as it is, and its bytes in the party's count as they pass.
fn weighed<B>(shared: &Arc<Shared>, party: &'static str, body: B, add: fn(&mut Count, u64)) -> reqwest::Body
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Sync + 'static,
{
    let shared = shared.clone();
    reqwest::Body::wrap(body.map_frame(move |frame| {
        if let Some(data) = frame.data_ref() {
            let mut counts = shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
            add(counts.entry(party).or_default(), data.len() as u64);
        }
        frame
    }))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

impl Shared {
    fn kill(&self) {
        let kill = self.kill.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kill {
            Some(kill) => kill(),
            None => self.oddities.remember("gate: a kill fault hit, but nobody told the gate what to kill"),
        }
    }
}

/// Counts a request when it has come to its end, also if the client went away.
struct Record<'a> {
    shared: &'a Shared,
    party: &'static str,
    request: String,
    outcome: String,
}

impl<'a> Record<'a> {
    fn new(shared: &'a Shared, party: &'static str, method: &Method, uri: &Uri) -> Self {
        Self { shared, party, request: format!("{method} {}", uri.path()), outcome: "gone".into() }
    }

    fn status(&mut self, answer: Answer) -> Answer {
        self.outcome = answer.status().as_u16().to_string();
        answer
    }

    fn end(&mut self, outcome: &str) -> Result<Answer, Cut> {
        self.outcome = outcome.into();
        Err(Cut)
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let mut counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(self.party).or_default().add(format!("{} {}", self.request, self.outcome));
    }
}
