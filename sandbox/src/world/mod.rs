//! A world: what is shared by all installations, from start to end.

mod lock;
mod options;
pub mod people;
mod progress;
pub(crate) mod remains;
mod watch;

use crate::{
    azurite::Azurite,
    certificates::Authority,
    control,
    entra::Entra,
    graph::Graph,
    installation::{self, Installation},
    kubernetes::{Binaries, ControlPlane, Issuer},
    listener::{self, Listener},
    machines::{self, Delays, Machines},
    strict::Oddities,
};
use anyhow::{Context, Result, bail};
use lock::Lock;
use people::People;
use progress::Progress;
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
    pub people: Arc<People>,
    pub entra: Arc<Entra>,
    pub machines: Machines,
    pub cluster: ControlPlane,
    /// Set when somebody wants the world to end.
    pub ending: CancellationToken,
    name: String,
    folder: PathBuf,
    ground: Arc<installation::Ground>,
    graph: Graph,
    github: Listener,
    control: OnceLock<Listener>,
    installations: Mutex<BTreeMap<String, Arc<Installation>>>,
    lock: Lock,
}

impl World {
    /// Starts everything and tells where it is.
    ///
    /// # Errors
    /// Names the part that did not come up; what did is ended with it.
    pub async fn start(options: &Options) -> Result<Arc<Self>> {
        let progress = Progress::new();
        remains::adopt();
        std::fs::create_dir_all(&options.state)?;
        let state = options.state.canonicalize().context("--state")?;
        let lock = Lock::take(&state, &options.name)?;
        let folder = state.join(&options.name);
        let path = |path: &PathBuf, flag: &str| {
            path.canonicalize().with_context(|| format!("{flag} {}", path.display()))
        };
        let [app, manifests, images] = [
            path(&options.app, "--app")?,
            path(&options.manifests, "--manifests")?,
            path(&options.images, "--images")?,
        ];
        let program = std::path::absolute(&options.kubernetes)?;
        let binaries = Binaries::find(&program, std::env::var_os("KUBEBUILDER_ASSETS"))?;
        let [machines, volumes, installations] =
            ["machines", "volumes", "installations"].map(|name| folder.join(name));
        for folder in [&machines, &volumes, &installations] {
            std::fs::create_dir_all(folder)?;
        }

        let authority = Arc::new(Authority::new()?);
        let ca = folder.join("ca.crt");
        std::fs::write(&ca, authority.pem())?;
        let client = authority.client()?;
        let oddities = Oddities::new();
        let entra = Arc::new(Entra::start(&authority, oddities.clone()).await?);
        let people = Arc::new(People::default());
        let known = people.clone();
        let members: crate::graph::Members = Arc::new(move |group| known.members(group));
        let graph = Graph::start(&authority, entra.tokens(), members, oddities.clone()).await?;
        let github = nobody(&authority, "github", oddities.clone()).await?;
        progress.say("Entra, Graph", &entra.authority()?);
        let issuer = Issuer { issuer: entra.issuer_v1(), discovery: entra.discovery_url_v1()? };
        let storage = folder.join("storage");
        let (cluster, azurite) = tokio::try_join!(
            progress.part("Kubernetes", ControlPlane::start(&binaries, &folder, &authority, &issuer)),
            progress.part("storage", Azurite::start(&options.azurite, &storage, &authority)),
        )?;

        let ground = machines::Ground {
            program,
            state: machines,
            images,
            volumes,
            cluster: cluster.url.clone(),
            authority: authority.clone(),
        };
        let delays = if options.fast { Delays::FAST } else { Delays::USUAL };
        let machines = Machines::start(&cluster.client, ground, delays, oddities.clone());
        let ground = Arc::new(installation::Ground {
            app,
            manifests,
            state: installations,
            defaults: options.defaults.iter().cloned().map(|(name, value)| (name, Some(value))).collect(),
            authority,
            ca,
            client,
            oddities: oddities.clone(),
            entra: entra.clone(),
            azurite: Arc::new(azurite),
            cluster: installation::Cluster { url: cluster.url.clone(), admin: cluster.client.clone() },
            graph: graph.url()?,
            github: github.url()?,
        });
        let world = Arc::new(Self {
            oddities,
            people,
            entra,
            machines,
            cluster,
            ending: CancellationToken::new(),
            name: options.name.clone(),
            folder,
            ground,
            graph,
            github,
            control: OnceLock::new(),
            installations: Mutex::default(),
            lock,
        });
        for (name, admin, member) in
            [("ada", true, true), ("ben", false, true), ("cy", false, true), ("dora", false, false)]
        {
            let (name, admin, member) = (Some(name.to_owned()), Some(admin), Some(member));
            world.people.add(people::Wish { name, admin, member, installation: None })?;
        }
        let wish = installation::Wish { name: Some(FIRST.to_owned()), ..installation::Wish::default() };
        let first = progress.part("installation `dcaas`", world.install(wish)).await;
        let control = match first {
            Ok(_) => control::start(&world).await,
            Err(error) => Err(error),
        };
        match control {
            Ok(control) => drop(world.control.set(control)),
            Err(error) => {
                world.stop().await?;
                return Err(error);
            }
        }
        let record = world.record()?;
        world.lock.tell(&record)?;
        watch::begin(&world);
        progress.up(&world.name);
        Ok(world)
    }

    /// Where everything is, as others read it.
    ///
    /// # Errors
    /// When the world is not up yet.
    pub fn record(&self) -> Result<Value> {
        let first = self.installation(FIRST)?;
        let control = self.control.get().context("the world is not up yet")?.url()?;
        let bare = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        Ok(json!({
            "name": self.name, "pid": std::process::id(),
            "functions": first.functions().as_ref().map(bare), "kubeconfig": self.cluster.kubeconfig,
            "storage": first.queues.account.connection_string(), "members_storage": first.members_storage(),
            "entra": bare(&self.entra.authority()?), "graph": bare(&self.graph.url()?), "control": bare(&control),
            "tenant": self.entra.tenant(), "client_id": first.client_id, "group": first.group,
            "ca": self.ground.ca, "people": self.people.all(), "folder": self.folder,
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
        let new = Arc::new(Installation::start(self.ground.clone(), name.clone(), wish).await?);
        if let Some(profiles) = new.profiles()? {
            self.machines.add_profiles(&profiles)?;
        }
        self.people.add_group(new.group, &name);
        self.installations().insert(name, new.clone());
        Ok(new)
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
        self.people.remove_group(gone.group);
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
        self.machines.stop().await;
        tokio::join!(self.cluster.stop(), self.ground.azurite.stop(), self.graph.stop(), self.entra.stop());
        self.github.stop().await;
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

/// A party that the world does not have yet: whatever it is asked, it does not understand.
async fn nobody(ca: &Authority, name: &'static str, oddities: Oddities) -> Result<Listener> {
    let tls = ca.server_leaf(&[name])?.rustls_server()?;
    let listener = Listener::start(Some(tls), move |request| {
        oddities.remember(format!("{name}: {} {}", request.method(), request.uri().path()));
        std::future::ready(Ok(listener::json(501, &json!({"error": format!("the world has no {name} yet")}))))
    });
    listener.await
}
