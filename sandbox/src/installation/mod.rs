//! One function app in the world: its host, storage accounts, group and gate.

mod app;
mod manifests;
mod placeholders;
mod queue;

use crate::{
    azurite::{Account, Azurite},
    certificates::Authority,
    entra::Entra,
    gate::{Gate, Party},
    host::{EasyAuth, Host, HostSettings},
    strict::Oddities,
};
use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use placeholders::Values;
use queue::Queues;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

pub use app::Wishes;

/// What all installations of a world are made from.
pub struct Ground {
    pub app: PathBuf,
    pub manifests: PathBuf,
    /// Where each installation has its folder.
    pub state: PathBuf,
    /// Laid over the app's settings in every installation.
    pub defaults: Wishes,
    pub authority: Arc<Authority>,
    /// The same as a file, for programs.
    pub ca: PathBuf,
    /// Trusts the authority.
    pub client: reqwest::Client,
    pub oddities: Oddities,
    pub entra: Arc<Entra>,
    pub azurite: Arc<Azurite>,
    pub cluster: Cluster,
    pub graph: Url,
    pub github: Url,
}

/// The cluster as an installation sees it.
#[derive(Clone)]
pub struct Cluster {
    pub url: Url,
    /// PEM of the authority that signed its certificate; the gate shows the world's own.
    pub admin: kube::Client,
}

/// What is wished of an installation, at its making and later.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub name: Option<String>,
    pub settings: Wishes,
    pub easy_auth: bool,
    pub executable: Option<PathBuf>,
}

/// A change of the app: a new version, or other settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    pub settings: Option<Wishes>,
    pub executable: Option<PathBuf>,
}

/// A running installation.
pub struct Installation {
    pub name: String,
    pub group: Uuid,
    /// The API's app registration.
    pub client_id: Uuid,
    pub queues: Queues,
    pub gate: Gate,
    ground: Arc<Ground>,
    members: Account,
    identity: Uuid,
    principal: Uuid,
    nodes_identity: Uuid,
    wish: Mutex<Wish>,
    header: Mutex<String>,
    port: Mutex<u16>,
    host: Arc<Mutex<Option<Arc<Host>>>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

impl Installation {
    /// Makes an installation: accounts, identity, gate, the cluster's manifests, and last the host.
    ///
    /// # Errors
    /// Names the part that could not be made.
    pub async fn start(ground: Arc<Ground>, name: String, wish: Wish) -> Result<Self> {
        let account = ground.azurite.take_account()?;
        let queues = Queues { account, tokens: ground.entra.tokens(), client: ground.client.clone() };
        let members = ground.azurite.take_account()?;
        let (identity, principal) = (Uuid::new_v4(), Uuid::new_v4());
        let header = ground.entra.add_identity(identity, principal);
        let party = |name, upstream| Party { name, upstream };
        let parties = vec![
            party("kubernetes", ground.cluster.url.clone()),
            party("blob", members.blob.clone()),
            party("queue", queues.account.queue.clone()),
            party("entra", ground.entra.authority()?),
            party("identity", ground.entra.identity_url()?),
            party("graph", ground.graph.clone()),
            party("github", ground.github.clone()),
        ];
        let (client, oddities) = (ground.client.clone(), ground.oddities.clone());
        let gate = Gate::start(&ground.authority, parties, client, oddities).await?;
        let host: Arc<Mutex<Option<Arc<Host>>>> = Arc::default();
        let to_kill = host.clone();
        gate.on_kill(Arc::new(move || {
            if let Some(host) = &*to_kill.lock().unwrap_or_else(PoisonError::into_inner) {
                host.kill_executable();
            }
        }));
        let [group, client_id, nodes_identity] = [(); 3].map(|()| Uuid::new_v4());
        ground.entra.register(client_id, &gate.url("entra")?);
        let (wish, header, changing) = (Mutex::new(wish), Mutex::new(header), tokio::sync::Mutex::default());
        let new = Self {
            name,
            group,
            client_id,
            queues,
            gate,
            ground,
            members,
            identity,
            principal,
            nodes_identity,
            wish,
            header,
            port: Mutex::default(),
            host,
            changing,
        };
        std::fs::create_dir_all(new.folder())?;
        for queue in app::queues(&new.ground.app, &new.settings()?)? {
            new.queues.make(&queue).await.with_context(|| format!("queue {queue}"))?;
        }
        let values = new.manifest_values();
        manifests::apply(&new.ground.cluster.admin, &new.ground.manifests, &values).await?;
        new.start_host().await?;
        Ok(new)
    }

    /// Where its functions answer.
    #[must_use]
    pub fn functions(&self) -> Option<Url> {
        self.host().map(|host| host.url())
    }

    /// The setting `PROFILES`, if the app has one.
    ///
    /// # Errors
    /// When the settings can not be filled.
    pub fn profiles(&self) -> Result<Option<String>> {
        Ok(self.settings()?.remove("PROFILES"))
    }

    /// All there is to know about it.
    #[must_use]
    pub fn facts(&self) -> Value {
        json!({
            "name": self.name, "functions": self.functions().map(String::from), "group": self.group,
            "host_storage": self.queues.account.connection_string(),
            "members_storage": self.members.connection_string(), "principal": self.principal,
            "client_id": self.client_id, "identity_client_id": self.identity,
            "host_account": self.queues.account.name, "members_account": self.members.name,
        })
    }

    /// The connection string of the members' account.
    #[must_use]
    pub fn members_storage(&self) -> String {
        self.members.connection_string()
    }

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

    /// The last lines of host and executable.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        self.host().map_or_else(String::new, |host| host.log_tail(lines))
    }

    /// Stops host and gate.
    pub async fn stop(&self) {
        let _alone = self.changing.lock().await;
        self.stop_host().await;
        self.gate.stop().await;
    }

    fn host(&self) -> Option<Arc<Host>> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn folder(&self) -> PathBuf {
        self.ground.state.join(&self.name)
    }

    async fn start_host(&self) -> Result<()> {
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

    async fn stop_host(&self) {
        let host = self.host.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(host) = host {
            host.stop().await;
        }
    }

    /// The app's settings with everything filled in.
    fn settings(&self) -> Result<BTreeMap<String, String>> {
        let wishes = self.wish.lock().unwrap_or_else(PoisonError::into_inner).settings.clone();
        app::settings(&self.ground.app, &[&self.ground.defaults, &wishes], &self.values()?)
    }

    /// What an app's settings may ask for.
    fn values(&self) -> Result<Values> {
        let gate =
            |party: &str| self.gate.url(party).map(|url| url.as_str().trim_end_matches('/').to_owned());
        let account = |party: &str| self.gate.url(party).map(String::from);
        Ok([
            ("installation", self.name.clone()),
            ("tenant", self.ground.entra.tenant().to_string()),
            ("client_id", self.client_id.to_string()),
            ("authority", gate("entra")?),
            ("identity_client_id", self.identity.to_string()),
            ("principal", self.principal.to_string()),
            ("kubernetes_url", gate("kubernetes")?),
            ("kubernetes_ca", BASE64_STANDARD.encode(self.ground.authority.pem())),
            ("host_account", self.queues.account.name.clone()),
            ("members_account", self.members.name.clone()),
            ("queue_url", account("queue")?),
            ("blob_url", account("blob")?),
            ("graph_url", gate("graph")?),
            ("github_url", gate("github")?),
            ("group", self.group.to_string()),
            ("storage_client_id", self.nodes_identity.to_string()),
        ]
        .into())
    }

    /// What manifests may ask for.
    fn manifest_values(&self) -> Values {
        [
            ("INSTALLATION", self.name.clone()),
            ("PRINCIPAL_ID", self.principal.to_string()),
            ("MEMBERS_ACCOUNT", self.members.name.clone()),
        ]
        .into()
    }
}
