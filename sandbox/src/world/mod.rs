//! A world: what is shared by all installations, from start to end.

mod lock;
mod options;
pub mod people;
#[cfg(test)]
mod people_tests;
mod person;
mod progress;
pub(crate) mod remains;
mod start;
mod watch;

use crate::{
    entra::Entra,
    github::GitHub,
    graph::Graph,
    installation::{self, Installation},
    kubernetes::ControlPlane,
    listener::Listener,
    machines::Machines,
    relay::Relay,
    strict::Oddities,
};
use anyhow::{Context, Result, bail};
use lock::Lock;
use people::People;
use reqwest::Url;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use tokio_util::sync::CancellationToken;

pub use options::Options;

/// The installation that is there from the start.
pub const FIRST: &str = "dcaas";

/// Everything that runs, and the way to end it.
pub struct World {
    pub oddities: Oddities,
    pub people: People,
    pub entra: Arc<Entra>,
    /// None where the cluster is not ours.
    machines: Option<Machines>,
    pub cluster: ControlPlane,
    /// Set when somebody wants the world to end.
    pub ending: CancellationToken,
    name: String,
    folder: PathBuf,
    /// What its machines are.
    node: &'static str,
    /// The program with a subcommand for each part of Kubernetes, kubectl among them.
    program: PathBuf,
    ground: Arc<installation::Ground>,
    pub graph: Graph,
    pub github: GitHub,
    /// Where workspaces have a real editor.
    relay: Option<Relay>,
    control: OnceLock<Listener>,
    installations: Mutex<BTreeMap<String, Arc<Installation>>>,
    lock: Lock,
}

impl World {
    /// Where everything is, as others read it.
    ///
    /// # Errors
    /// When the world is not up yet.
    pub fn record(&self) -> Result<Value> {
        let first = self.installation(FIRST)?;
        let control = self.control.get().context("the world is not up yet")?.url()?;
        let bare = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        Ok(json!({
            "name": self.name, "pid": std::process::id(), "node": self.node, "kubernetes": self.program,
            "relay": self.relay.as_ref().map(Relay::url),
            "functions": first.functions().as_ref().map(bare), "kubeconfig": self.cluster.kubeconfig,
            "storage": first.queues.account.connection_string(), "members_storage": first.members_storage(),
            "entra": bare(&self.entra.authority()?), "graph": bare(&self.graph.url()?), "github": bare(&self.github.url()?), "control": bare(&control),
            "tenant": self.entra.tenant(), "client_id": first.client_id, "group": first.group,
            "ca": self.ground.ca, "people": self.people.everybody(), "folder": self.folder,
        }))
    }

    /// Makes an installation, with a name of its own if none is wished.
    ///
    /// # Errors
    /// When the name is taken or a part of it does not come up.
    pub async fn install(&self, wish: installation::Wish) -> Result<Arc<Installation>> {
        let made_up = || format!("i{}", &uuid::Uuid::new_v4().simple().to_string()[..10]);
        let name = wish.name.clone().unwrap_or_else(made_up);
        if self.installations().contains_key(&name) {
            bail!("there is an installation `{name}` already: take another name, or none");
        }
        let group = self.people.group(&name);
        let started = Installation::start(self.ground.clone(), name.clone(), group, wish).await;
        let new = match started {
            Ok(new) => Arc::new(new),
            Err(error) => {
                self.people.remove_group(&name);
                return Err(error);
            }
        };
        if let Err(error) = self.add_pools(&new) {
            self.people.remove_group(&name);
            self.graph.forget(new.identity);
            new.stop().await;
            return Err(error);
        }
        self.installations().insert(name, new.clone());
        Ok(new)
    }

    /// Gives an installation another version of the app, or other settings.
    ///
    /// # Errors
    /// When its host does not start with these, or a profile can not be read.
    pub async fn change(&self, one: &Installation, change: installation::Change) -> Result<()> {
        one.change(change).await?;
        self.add_pools(one)
    }

    /// The pools that its profiles need.
    fn add_pools(&self, one: &Installation) -> Result<()> {
        match (one.profiles()?, &self.machines) {
            (Some(profiles), Some(machines)) => machines.add_profiles(&profiles),
            _ => Ok(()),
        }
    }

    /// An installation by name.
    ///
    /// # Errors
    /// With the names that there are.
    pub fn installation(&self, name: &str) -> Result<Arc<Installation>> {
        let all = self.installations();
        let known = || all.keys().cloned().collect::<Vec<_>>().join(", ");
        all.get(name)
            .cloned()
            .with_context(|| format!("there is no installation `{name}`; there are {}", known()))
    }

    /// The cloud behind the cluster.
    ///
    /// # Errors
    /// Where the cluster is not ours.
    pub fn machines(&self) -> Result<&Machines> {
        self.machines.as_ref().context("the cluster was given by --kubeconfig: its own cloud brings machines")
    }

    /// What leads a browser to a workspace's editor.
    ///
    /// # Errors
    /// Where editors are only played.
    pub fn relay(&self) -> Result<&Relay> {
        self.relay.as_ref().context("this world has no real editor: start one with --editor")
    }

    /// All installations.
    #[must_use]
    pub fn all_installations(&self) -> Vec<Arc<Installation>> {
        self.installations().values().cloned().collect()
    }

    /// Stops host and gate of an installation; what it made in the cluster stays.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn uninstall(&self, name: &str) -> Result<()> {
        let gone = self.installation(name)?;
        self.installations().remove(name);
        self.graph.forget(gone.identity);
        self.people.remove_group(&gone.name);
        gone.stop().await;
        Ok(())
    }

    /// Ends everything, each part waited for.
    ///
    /// # Errors
    /// Names the processes that were left behind; they are killed.
    pub async fn stop(&self) -> Result<()> {
        self.ending.cancel();
        self.lock.forget();
        let installations = self.all_installations();
        futures::future::join_all(installations.iter().map(|one| one.stop())).await;
        self.installations().clear();
        if let Some(machines) = &self.machines {
            machines.stop().await;
        }
        tokio::join!(self.cluster.stop(), self.ground.azurite.stop(), self.graph.stop(), self.entra.stop());
        self.github.stop().await;
        if let Some(relay) = &self.relay {
            relay.stop().await;
        }
        if let Some(control) = self.control.get() {
            control.stop().await;
        }
        let left = remains::descendants(std::process::id());
        left.iter().for_each(|remain| remains::end(remain.pid));
        if !left.is_empty() {
            let list: Vec<_> =
                left.iter().map(|remain| format!("{} {}", remain.pid, remain.command)).collect();
            bail!("processes were left behind and had to be killed:\n  {}", list.join("\n  "));
        }
        Ok(())
    }

    fn installations(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Installation>>> {
        self.installations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
