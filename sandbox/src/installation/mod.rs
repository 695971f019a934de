//! One function app in the world: its host, storage accounts, group and gate.

mod app;
mod app_host;
mod manifests;
mod placeholders;
mod queue;
mod values;

use crate::{
    azurite::{Account, Azurite},
    certificates::Authority,
    entra::Entra,
    gate::{Gate, Party},
    host::Host,
    kubernetes::{access::AKS_SERVER, given, ports},
    strict::Oddities,
};
use anyhow::{Context, Result};
use queue::Queues;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

pub use app::Wishes;

/// What an installation's identity is granted at Graph before it first runs.
const GRAPH_ROLES: [&str; 2] = ["Group.Read.All", "User.Read.All"];

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
    /// Where a tunnel is opened in a browser.
    pub vscode: String,
}

/// The cluster as an installation sees it.
#[derive(Clone)]
pub struct Cluster {
    pub url: Url,
    pub admin: kube::Client,
    /// It does not trust our Entra: an installation gets a service account there.
    pub given: bool,
}

/// What is wished of an installation, at its making and later.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub name: Option<String>,
    pub settings: Wishes,
    pub easy_auth: bool,
    pub executable: Option<PathBuf>,
    /// What its identity may do at Graph, if not what the program needs.
    pub graph_roles: Option<Vec<String>>,
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
    /// The client id of the managed identity.
    pub identity: Uuid,
    /// What the cluster calls the managed identity: its principal.
    user: String,
    nodes_identity: Uuid,
    wish: Mutex<Wish>,
    header: Mutex<String>,
    port: Mutex<u16>,
    host: Arc<Mutex<Option<Arc<Host>>>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

impl Installation {
    /// Makes an installation for a group: accounts, identity, gate, the cluster's manifests, and last the host.
    ///
    /// # Errors
    /// Names the part that could not be made.
    pub async fn start(ground: Arc<Ground>, name: String, group: Uuid, wish: Wish) -> Result<Self> {
        let account = ground.azurite.take_account()?;
        let queues = Queues { account, tokens: ground.entra.tokens(), client: ground.client.clone() };
        let members = ground.azurite.take_account()?;
        let (identity, principal) = (Uuid::new_v4(), Uuid::new_v4());
        let header = ground.entra.add_identity(identity, principal);
        let roles = wish.graph_roles.clone().unwrap_or_else(|| GRAPH_ROLES.map(str::to_owned).to_vec());
        ground.entra.grant(identity, roles)?;
        let mut user = principal.to_string();
        if ground.cluster.given {
            let account = given::account(&ground.cluster.admin, &name).await?;
            ground.entra.hand_out(identity, AKS_SERVER, account.token, account.expires)?;
            user = account.user;
        }
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
        let (wish, header, changing) = (Mutex::new(wish), Mutex::new(header), tokio::sync::Mutex::default());
        // known before the host starts: its settings name the address that Graph shall call
        let [port] = ports::free()?;
        let [client_id, nodes_identity] = [(); 2].map(|()| Uuid::new_v4());
        ground.entra.register(client_id, &gate.url("entra")?);
        let new = Self {
            name,
            group,
            client_id,
            queues,
            gate,
            ground,
            members,
            identity,
            user,
            nodes_identity,
            wish,
            header,
            port: Mutex::new(port),
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
        let gate = |party: &str| self.gate.url(party).ok().map(String::from);
        json!({
            "name": self.name, "functions": self.functions().map(String::from), "group": self.group,
            "host_storage": self.queues.account.connection_string(),
            "members_storage": self.members.connection_string(), "principal": self.user,
            "client_id": self.client_id, "identity_client_id": self.identity,
            "host_account": self.queues.account.name, "members_account": self.members.name,
            "kubernetes": gate("kubernetes"), "entra": gate("entra"), "github": gate("github"),
        })
    }

    /// The connection string of the members' account.
    #[must_use]
    pub fn members_storage(&self) -> String {
        self.members.connection_string()
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
}
