//! The order in which a world comes up, with one line for each part.

use super::{FIRST, Options, World, lock::Lock, people, people::People, progress::Progress, remains, watch};
use crate::{
    azurite::Azurite,
    certificates::Authority,
    control,
    device_flows::Pace,
    entra::Entra,
    github::GitHub,
    graph::{Graph, directory::Directory},
    installation,
    kubernetes::{Binaries, ControlPlane, Issuer},
    machines::{self, Delays, Machines},
    relay::Relay,
    strict::Oddities,
};
use anyhow::{Context, Result};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};
use tokio_util::sync::CancellationToken;

/// Where tunnels are opened in a browser, where this is not done here.
const VSCODE: &str = "https://vscode.dev";

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
        let containers = options.containers.as_ref().map(|given| path(given, "--containers")).transpose()?;
        let program = std::path::absolute(&options.kubernetes)?;
        let node = if containers.is_some() { "kubelet" } else { "process" };
        let [machines, volumes, installations] =
            ["machines", "volumes", "installations"].map(|name| folder.join(name));
        for folder in [&machines, &volumes, &installations] {
            std::fs::create_dir_all(folder)?;
        }

        let authority = Arc::new(Authority::new()?);
        let ca = folder.join("ca.crt");
        std::fs::write(&ca, authority.pem())?;
        let oddities = Oddities::new();
        let entra = Arc::new(Entra::start(&authority, oddities.clone()).await?);
        let directory = Arc::new(Directory::default());
        let people = People::new(directory.clone());
        let graph = Graph::start(&authority, entra.tokens(), directory, oddities.clone()).await?;
        let github = GitHub::start(&authority, oddities.clone()).await?;
        if options.fast {
            entra.flows().pace(None, Pace::FAST);
            github.flows().pace(None, Pace::FAST);
        }
        progress.say("Entra, Graph, GitHub", &entra.authority()?);
        let relay = match &options.editor {
            Some(servers) => {
                let servers = path(servers, "--editor")?;
                let hosts = machines::reached_at(containers.is_some())?;
                let relay = Relay::start(hosts, oddities.clone()).await?;
                relay.tell(&folder.join("editor"), &servers).context("the editor's folder")?;
                Some(relay)
            }
            None => None,
        };
        let issuer = Issuer { issuer: entra.issuer_v1(), discovery: entra.discovery_url_v1()? };
        let storage = folder.join("storage");
        let kubernetes = async {
            match &options.kubeconfig {
                Some(given) => ControlPlane::given(given).await,
                None => {
                    let binaries = Binaries::find(&program, std::env::var_os("KUBEBUILDER_ASSETS"))?;
                    ControlPlane::start(&binaries, &folder, &authority, &issuer).await
                }
            }
        };
        let (cluster, azurite) = tokio::try_join!(
            progress.part("Kubernetes", kubernetes),
            progress.part("storage", Azurite::start(&options.azurite, &storage, &authority)),
        )?;

        let given = cluster.authorities.is_some();
        let client = authority.client_for(cluster.authorities.as_deref().unwrap_or_default())?;
        let ground = machines::Ground {
            program: program.clone(),
            state: machines,
            images,
            volumes,
            cluster: cluster.url.clone(),
            authority: authority.clone(),
            containers,
            editor: relay.as_ref().map(|_| folder.join("editor")),
        };
        let delays = if options.fast { Delays::FAST } else { Delays::USUAL };
        // a cluster that is not ours has a cloud of its own
        let machines = (!given).then(|| Machines::start(&cluster.client, ground, delays, oddities.clone()));
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
            cluster: installation::Cluster { url: cluster.url.clone(), admin: cluster.client.clone(), given },
            graph: graph.url()?,
            github: github.url()?,
            vscode: relay.as_ref().map_or_else(|| VSCODE.to_owned(), Relay::url),
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
            node,
            program,
            ground,
            graph,
            github,
            relay,
            control: OnceLock::new(),
            installations: Mutex::default(),
            lock,
        });
        // before the installation's program runs: an empty group is news to it
        world.people.group(FIRST);
        for (name, admin, member) in
            [("ada", true, true), ("ben", false, true), ("cy", false, true), ("dora", false, false)]
        {
            let (name, admin, member) = (Some(name.to_owned()), Some(admin), Some(member));
            let person = world.people.add(people::Wish { name, admin, member, installation: None })?;
            world.entra.know(person.user());
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
}
