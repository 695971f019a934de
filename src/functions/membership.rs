//! POST `/api/membership`: Graph tells that the group changed; whom to look at goes to the queue, and that is all.
//!
//! Graph allows three seconds, and nothing here asks Graph or the cluster. A forger gets the same answer as Graph.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    api::{
        exchange::{Reply, Request},
        message::Message,
        problem::Problem,
    },
    app::App,
    graph::notifications::{self, Batch, Expected},
    storage::{Error, Queue},
};

/// How long the queue may take for all messages of a request.
const WITHIN: Duration = Duration::from_secs(2);

/// Messages on their way to the queue at once.
const AT_ONCE: usize = 32;

/// When more people than this are named, the whole group is looked at: one message is always taken in time.
const MOST_NAMED: usize = 100;

/// 200 with the token at the handshake, 202 otherwise.
///
/// # Errors
/// When the queue does not take the messages, so that Graph comes again (it does so for four hours).
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    // a subscription is confirmed with the token as it came; no setting is needed for that
    if let Some(token) = request.parameter("validationToken")? {
        return Ok(Reply::text(200, token));
    }
    let inbox = app.inbox()?;
    let expected =
        Expected { client_state: inbox.settings.client_state.reveal(), tenant: &inbox.settings.tenant };
    let batch = notifications::read(&request.body, expected);
    tell(&batch);
    let puts = put(&inbox.queue, put_together(batch.messages));
    tokio::time::timeout(WITHIN, puts).await.map_err(|_| Error::Silent(WITHIN))??;
    Ok(Reply::text(202, ""))
}

async fn put(queue: &Queue, messages: Vec<Message>) -> Result<(), Problem> {
    stream::iter(messages)
        .map(|message| async move { queue.put(&message, Duration::ZERO, WITHIN).await })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(())
}

fn put_together(messages: Vec<Message>) -> Vec<Message> {
    if messages.len() > MOST_NAMED { vec![Message::Group] } else { messages }
}

/// One line for what came, and one for each kind of trouble in it.
fn tell(batch: &Batch) {
    if batch.forged > 0 {
        tracing::warn!(count = batch.forged, "membership: notifications that are not for us are dropped");
    }
    if !batch.odd.is_empty() {
        let some: Vec<&str> = batch.odd.iter().take(5).map(String::as_str).collect();
        tracing::warn!(count = batch.odd.len(), odd = some.join("; "), "membership: not all is understood");
    }
    if !batch.messages.is_empty() {
        tracing::info!(messages = batch.messages.len(), "membership: the group changed");
    }
}
