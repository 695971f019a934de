//! The queue of messages, in the account that the Functions host watches.

use std::{sync::Arc, time::Duration};

use azure_core::{credentials::TokenCredential, http::Url};
use azure_storage_queue::{
    QueueClient, QueueServiceClient, QueueServiceClientOptions,
    models::{QueueClientSendMessageOptions, QueueMessage},
};

use super::{Error, transport};
use crate::{api::message::Message, config::QueueSettings};

/// The queue that `provision` is called for; its function.json says the same.
const MEMBERS: &str = "members";

/// Puts messages on the queue `members`.
#[derive(Clone)]
pub struct Queue {
    members: Arc<QueueClient>,
}

impl Queue {
    /// # Errors
    /// When the address can not be used; nothing is connected yet.
    pub fn new(settings: &QueueSettings, credential: Arc<dyn TokenCredential>) -> azure_core::Result<Self> {
        let options =
            QueueServiceClientOptions { client_options: transport::options(), ..Default::default() };
        let account = QueueServiceClient::new(Url::parse(&settings.url)?, Some(credential), Some(options))?;
        Ok(Self { members: Arc::new(account.queue_client(MEMBERS)?) })
    }

    /// Puts a message on the queue, to be seen after the delay. What fails may be on the queue all the same: a
    /// message may come twice.
    ///
    /// # Errors
    /// When the account refuses, or has not taken it within the bound, all tries together.
    pub async fn put(&self, message: &Message, delay: Duration, within: Duration) -> Result<(), Error> {
        let message = QueueMessage { message_text: Some(message.render()) };
        let options = QueueClientSendMessageOptions {
            visibility_timeout: Some(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX)),
            ..Default::default()
        };
        let sent = self.members.send_message(message.try_into()?, Some(options));
        match tokio::time::timeout(within, sent).await {
            Err(_) => Err(Error::Silent(within)),
            Ok(Err(e)) => Err(e.into()),
            Ok(Ok(_)) => Ok(()),
        }
    }
}
