//! Queue `members`: a message says whom to look at; their things are brought to what they should be.

use std::sync::Arc;

use crate::{
    api::{message::Message, problem::Problem},
    app::App,
    protocol::QueueMessage,
    turn::{membership, reconcile, sign_in},
};

/// Looks at whom the message names, and brings their things to what the group says.
///
/// # Errors
/// A message that nobody can read, which ends in the poison queue; or what the turn met, and the message comes again.
pub async fn run(app: Arc<App>, message: QueueMessage) -> Result<String, Problem> {
    let app = app.ready()?;
    match Message::parse(&message.text)? {
        Message::Member { member, flow: Some(flow), .. } => sign_in::look_at(app, member, &flow).await,
        Message::Member { member, after, flow: None } => membership::look_at(app, member, after).await,
        Message::Group => reconcile::told(app).await,
    }
}
