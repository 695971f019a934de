//! The host of an installation: started, started anew with something changed, killed, stopped.

use super::{Change, Installation};
use crate::host::{EasyAuth, Host, HostSettings};
use anyhow::{Context, Result};
use std::sync::{Arc, PoisonError};

impl Installation {
    /// Stops the host and starts it again with other settings or another executable.
    ///
    /// # Errors
    /// When the host does not start with these.
    pub async fn change(&self, change: Change) -> Result<()> {
        let _alone = self.changing.lock().await;
        {
            let mut wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(settings) = change.settings {
                wish.settings.extend(settings);
            }
            if change.executable.is_some() {
                wish.executable = change.executable;
            }
        }
        self.stop_host().await;
        self.start_host().await
    }

    /// Kills the executable; the host starts it again.
    pub fn kill_executable(&self) {
        if let Some(host) = self.host() {
            host.kill_executable();
        }
    }

    /// The identity endpoint wants another header from now on; children that start later know it.
    ///
    /// # Errors
    /// When Entra does not know the identity.
    pub fn rotate_identity(&self) -> Result<()> {
        let header = self.ground.entra.rotate(self.identity)?;
        *self.header.lock().unwrap_or_else(PoisonError::into_inner) = header.clone();
        if let Some(host) = self.host() {
            host.set_later("IDENTITY_HEADER", &header);
        }
        Ok(())
    }

    /// A token of the managed identity, as the program gets it: so that others can try what its rights are.
    ///
    /// # Errors
    /// When no managed identity gets a token for that resource.
    pub fn identity_token(&self, resource: &str) -> Result<String> {
        self.ground.entra.identity_token(self.identity, resource)
    }

    pub(super) async fn start_host(&self) -> Result<()> {
        let wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut settings = self.settings()?;
        let header = self.header.lock().unwrap_or_else(PoisonError::into_inner).clone();
        settings.insert("IDENTITY_ENDPOINT".into(), self.gate.url("identity")?.into());
        settings.insert("IDENTITY_HEADER".into(), header);
        settings.insert("SSL_CERT_FILE".into(), self.ground.ca.display().to_string());
        settings.insert("AzureWebJobsStorage".into(), self.queues.account.connection_string());
        let easy_auth = EasyAuth {
            authority: self.gate.url("entra")?,
            tenant: self.ground.entra.tenant(),
            client_id: self.client_id,
        };
        // a restart changes no address
        let port = *self.port.lock().unwrap_or_else(PoisonError::into_inner);
        let host = Host::start(HostSettings {
            app: self.ground.app.clone(),
            executable: wish.executable,
            port,
            settings,
            easy_auth: wish.easy_auth.then_some(easy_auth),
            log: self.folder().join("host.log"),
            oddities: self.ground.oddities.clone(),
            client: self.ground.client.clone(),
        });
        let host = host.await.with_context(|| format!("the host of `{}`", self.name))?;
        *self.port.lock().unwrap_or_else(PoisonError::into_inner) = host.url().port().unwrap_or_default();
        *self.host.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(host));
        Ok(())
    }

    pub(super) async fn stop_host(&self) {
        let host = self.host.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(host) = host {
            host.stop().await;
        }
    }
}
