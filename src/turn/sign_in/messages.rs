//! The messages that bring a turn back to a flow.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    api::{message::Message, problem::Problem},
    app::Ready,
    domain::{member::Member, sign_in::Pending},
    turn::membership::QUEUE,
};

/// Our clock and the queue's may differ, and the queue counts whole seconds: a message must not come before its poll.
const MARGIN: TimeDelta = TimeDelta::seconds(1);

/// How long after its last poll a flow is looked at once more, in case that its messages are lost.
const SURELY_OVER: TimeDelta = TimeDelta::seconds(30);

/// The look at the next poll's time.
pub async fn come_again(app: &Ready, member: Member, pending: &Pending) -> Result<(), Problem> {
    look_then(app, member, pending, pending.next_poll).await
}

/// One look when the flow is over in any case. A start that is about to wait is not left alone by that, whatever
/// becomes of the flow, its messages and this turn meanwhile.
///
/// # Errors
/// What the queue met.
pub async fn look_in_the_end(app: &Ready, member: Member, pending: &Pending) -> Result<(), Problem> {
    look_then(app, member, pending, pending.expires + pending.interval + SURELY_OVER).await
}

async fn look_then(app: &Ready, member: Member, pending: &Pending, at: DateTime<Utc>) -> Result<(), Problem> {
    let message = Message::Member { member, after: 0, flow: Some(pending.id.clone()) };
    Ok(app.queue.put(&message, delay(at, app.now()), QUEUE).await?)
}

fn delay(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now + MARGIN).to_std().unwrap_or_default()
}
