//! Entra: tokens for people and for managed identities, and the keys to check them.

mod browser;
mod devices;
mod identity;
mod keys;
mod published;
mod refusal;
mod tokens;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use reqwest::Url;
use uuid::Uuid;

pub use tokens::{Alg, Signer, Tokens, User, Version, Wish};

use crate::certificates::Authority;
use crate::device_flows::Flows;
use crate::listener::Listener;
use crate::strict::Oddities;
use browser::Browsers;
use devices::Devices;
use identity::Identities;

/// The tenant's authority, and the identity endpoint that a Functions host names to its child.
pub struct Entra {
    tokens: Arc<Tokens>,
    identities: Arc<Identities>,
    devices: Arc<Devices>,
    browsers: Arc<Browsers>,
    authority: Listener,
    endpoint: Listener,
}

impl Entra {
    /// Starts with a new tenant and new keys.
    pub async fn start(ca: &Authority, oddities: Oddities) -> anyhow::Result<Self> {
        let tokens = Arc::new(Tokens::new()?);
        let identities = Arc::new(Identities::default());
        let browsers = Arc::new(Browsers::new(tokens.clone(), oddities.clone()));
        let devices = Arc::new(Devices::new(tokens.clone(), browsers.clone(), oddities.clone()));
        let (shared, all, odd) = (tokens.clone(), devices.clone(), oddities.clone());
        let people = browsers.clone();
        let tls = ca.server_leaf(&["login.microsoftonline.com"])?.rustls_server()?;
        let authority = Listener::start(Some(tls), move |request| {
            let (shared, all, odd, people) = (shared.clone(), all.clone(), odd.clone(), people.clone());
            async move {
                Ok(if Devices::are_meant(&request) {
                    all.answer(request).await
                } else if Browsers::are_meant(&request) {
                    people.answer(request).await
                } else {
                    published::answer(&shared, &odd, &request)
                })
            }
        });
        let authority = authority.await.context("Entra can not start")?;
        let (shared, all) = (tokens.clone(), identities.clone());
        let endpoint = Listener::start(None, move |request| {
            std::future::ready(Ok(all.answer(&shared, &oddities, &request)))
        });
        let endpoint = endpoint.await.context("the identity endpoint can not start")?;
        Ok(Self { tokens, identities, devices, browsers, authority, endpoint })
    }

    /// The authority's address, as `https://login.microsoftonline.com/` is.
    pub fn authority(&self) -> anyhow::Result<Url> {
        self.authority.url()
    }

    /// The only tenant there is.
    pub fn tenant(&self) -> Uuid {
        self.tokens.tenant()
    }

    /// Issues and checks tokens, for those who have no need for the rest.
    pub fn tokens(&self) -> Arc<Tokens> {
        self.tokens.clone()
    }

    /// Registers an API under the address that its settings name as the authority (its gate's): the issuer of
    /// its people's version 2 tokens. Without this it is `https://login.microsoftonline.com`, as in Azure.
    pub fn register(&self, client_id: Uuid, authority: &Url) {
        self.tokens.register(client_id, authority.as_str());
    }

    /// Somebody who can sign in with a browser from now on, by their user name.
    pub fn know(&self, user: User) {
        self.browsers.know(user);
    }

    /// A person's token for the API with this client id.
    pub fn issue(&self, user: &User, client_id: Uuid, wish: &Wish) -> anyhow::Result<String> {
        self.tokens.issue(user, client_id, wish)
    }

    /// Signs with a new key from now on; old tokens stay valid unless the old keys are dropped.
    pub fn roll(&self, drop_old: bool) -> anyhow::Result<()> {
        self.tokens.keys.lock().unwrap_or_else(PoisonError::into_inner).roll(drop_old)
    }

    /// What `IDENTITY_ENDPOINT` says.
    pub fn identity_url(&self) -> anyhow::Result<Url> {
        Ok(self.endpoint.url()?.join("msi/token")?)
    }

    /// Adds a managed identity; returns what `IDENTITY_HEADER` says.
    pub fn add_identity(&self, client_id: Uuid, principal: Uuid) -> String {
        self.identities.add(client_id, principal)
    }

    /// A new `IDENTITY_HEADER` for a managed identity; the old one stops working.
    pub fn rotate(&self, client_id: Uuid) -> anyhow::Result<String> {
        self.identities.rotate(client_id)
    }

    /// The app roles of a managed identity at Graph, none at first: what later tokens let it do. As in Azure,
    /// tokens that are out already stay as they are, so a new grant counts when they have ended.
    pub fn grant(&self, client_id: Uuid, roles: Vec<String>) -> anyhow::Result<()> {
        self.identities.grant(client_id, roles)
    }

    /// How long a managed identity's tokens are good: a day, if nothing else is said.
    pub fn token_lifetime(&self, client_id: Uuid, lifetime: Duration) -> anyhow::Result<()> {
        self.identities.live(client_id, lifetime)
    }

    /// Lets the identity endpoint hand out a token of somebody else for a resource: a service account's, on a
    /// cluster that does not trust this tenant.
    pub fn hand_out(
        &self,
        client_id: Uuid,
        resource: &str,
        token: String,
        expires: i64,
    ) -> anyhow::Result<()> {
        self.identities.hand_out(client_id, resource, token, expires)
    }

    /// A managed identity's token for a resource, as its identity endpoint hands it out.
    pub fn identity_token(&self, client_id: Uuid, resource: &str) -> anyhow::Result<String> {
        self.identities.token(&self.tokens, client_id, resource)
    }

    /// The device flows, for whoever plays the person at the browser.
    pub fn flows(&self) -> &Flows<User> {
        &self.devices.flows
    }

    /// Whose a token of a device flow is, while it is good.
    pub fn whose(&self, token: &str) -> Option<Uuid> {
        self.devices.whose(token)
    }

    /// Revokes one token of a device flow; whether it was good.
    pub fn revoke(&self, token: &str) -> bool {
        self.devices.revoke(token)
    }

    /// Revokes all tokens that device flows brought a person; says how many.
    pub fn revoke_all(&self, oid: Uuid) -> usize {
        self.devices.revoke_all(oid)
    }

    /// Where version 1 of the tenant is described: the API server's `discoveryURL`.
    pub fn discovery_url_v1(&self) -> anyhow::Result<Url> {
        let path = format!("{}/.well-known/openid-configuration", self.tenant());
        Ok(self.authority()?.join(&path)?)
    }

    /// The issuer of all tokens for Azure's own resources: the API server's `url`.
    pub fn issuer_v1(&self) -> String {
        tokens::issuer_v1(self.tenant())
    }

    /// Closes both ports.
    pub async fn stop(&self) {
        self.authority.stop().await;
        self.endpoint.stop().await;
    }
}
