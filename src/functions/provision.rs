//! Queue `members`: a message says whom to look at; their things are brought to what they should be.

use std::sync::Arc;

use crate::{
    api::{message::Message, problem::Problem},
    app::App,
    protocol::QueueMessage,
    turn::membership,
};

/// Provisions the member whom the message names.
///
/// # Errors
/// A message that nobody can read, which ends in the poison queue; or what the turn met, and the message comes again.
pub async fn run(app: Arc<App>, message: QueueMessage) -> Result<String, Problem> {
    let app = app.ready()?;
    match Message::parse(&message.text)? {
        Message::Member { member, .. } => {
            membership::provision(app, member).await?;
            Ok(format!("provisioned {member}"))
        }
        Message::Group => Ok("the group is not looked at yet".to_owned()),
    }
}
