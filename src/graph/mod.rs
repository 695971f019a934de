//! Microsoft Graph: who is in the group, and its word when that changes.

mod members;
pub mod notifications;
mod request;
mod subscriptions;

use std::{sync::Arc, time::Duration};

use azure_core::credentials::TokenCredential;

use crate::config::GraphSettings;

pub use request::{Error, PERMISSIONS};
pub use subscriptions::Subscription;

/// How long one try may take, its answer read whole: a page of 999 people has some hundred kilobytes.
const ONE_TRY: Duration = Duration::from_secs(15);

/// Asks Graph in the name of our own identity.
#[derive(Clone)]
pub struct Graph {
    settings: GraphSettings,
    client: reqwest::Client,
    credential: Arc<dyn TokenCredential>,
}

impl Graph {
    /// # Errors
    /// When no client can be made; nothing is connected yet.
    pub fn new(settings: &GraphSettings, credential: Arc<dyn TokenCredential>) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(ONE_TRY)
            // a redirect would take our token to somebody else
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { settings: settings.clone(), client, credential })
    }
}

#[cfg(test)]
mod tests;
