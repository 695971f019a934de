//! The API server as the cluster's administrator sees it, so that scripts need no client of their own.

use super::answers::{Outcome, Refusal, bytes};
use crate::{
    listener::{Answer, Request},
    world::World,
};
use anyhow::Context;
use http::header;
use http_body_util::BodyExt;

/// Passes a request on; its answer streams back as it comes.
pub async fn forward(world: &World, request: Request) -> Outcome {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = path.strip_prefix("/kubernetes").filter(|path| !path.is_empty()).unwrap_or("/").to_owned();
    let mut passed = http::Request::builder().method(request.method()).uri(path);
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        if let Some(value) = request.headers().get(&name) {
            passed = passed.header(name, value);
        }
    }
    let passed = passed.body(kube::client::Body::from(bytes(request).await?)).context("no request")?;
    let sent = world.cluster.client.send(passed).await;
    let (head, body) = sent
        .map_err(|error| Refusal::new(502, format!("the API server does not answer: {error}"), "is it up?"))?
        .into_parts();
    let mut answer = Answer::new(reqwest::Body::wrap_stream(body.into_data_stream()));
    *answer.status_mut() = head.status;
    for name in [header::CONTENT_TYPE, header::RETRY_AFTER, header::WARNING] {
        if let Some(value) = head.headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    Ok(answer)
}
