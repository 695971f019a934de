//! Signing in to dcaas itself, from a terminal: the tenant's own device flow, for a client that people run.

use chrono::{DateTime, Utc};

use super::{Error, Flow, GRANT, Outcome, answer, built, post};
use crate::{
    config::Secret,
    domain::sign_in::{NoToken, Provider},
};

/// The tenant, as the description of the API names it.
pub struct Tenant {
    /// Ends in `/token`; the codes are had beside it.
    token_url: String,
    client_id: String,
    client: reqwest::Client,
}

impl Tenant {
    /// # Errors
    /// When no client can be made; nothing is connected yet.
    pub fn new(token_url: &str, client_id: &str, client: reqwest::ClientBuilder) -> reqwest::Result<Self> {
        Ok(Self { token_url: token_url.to_owned(), client_id: client_id.to_owned(), client: built(client)? })
    }

    /// Begins a flow: the person has a code from now on.
    ///
    /// # Errors
    /// When the tenant does not answer as it should, or refuses.
    pub async fn begin(&self, now: DateTime<Utc>) -> Result<Flow, Error> {
        let provider = Provider::Microsoft;
        let unavailable = |why| Error::Unavailable { provider, why, wait: None };
        let beside = self.token_url.strip_suffix("/token").ok_or_else(|| {
            unavailable("the description of the API names no address where devices sign in".to_owned())
        })?;
        let scope = self.scope();
        let fields = [("client_id", &*self.client_id), ("scope", &scope)];
        let (status, wait, body) =
            post(&self.client, &format!("{beside}/devicecode"), &fields).await.map_err(unavailable)?;
        answer::begun(provider, status, wait, &body, now)
    }

    /// Polls a flow once.
    pub async fn poll(&self, flow: &Flow) -> Outcome {
        let code = flow.device_code.reveal();
        self.token(&[("client_id", &self.client_id), ("grant_type", GRANT), ("device_code", code)]).await
    }

    /// Another token for somebody who has signed in before.
    pub async fn refresh(&self, refresh: &Secret) -> Outcome {
        let scope = self.scope();
        let fields = [
            ("client_id", &*self.client_id),
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.reveal()),
            ("scope", &scope),
        ];
        self.token(&fields).await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Outcome {
        match post(&self.client, &self.token_url, fields).await {
            Ok((status, wait, body)) => answer::polled(Provider::Microsoft, status, wait, &body),
            Err(_) => Outcome::NoToken(NoToken::Unavailable { wait: None }),
        }
    }

    /// All that the person may do, and a token to come back with.
    fn scope(&self) -> String {
        format!("{}/.default offline_access", self.client_id)
    }
}
