//! The cloud's part of a cluster: machines that come and go, disks for claims.

mod bring;
mod cloud;
mod disks;
mod editor;
mod events;
mod faults;
mod fit;
mod kubelet;
mod mirror;
mod node;
pub mod paper;
mod paper_kubelet;
pub mod pools;
mod quantity;
mod scale;
#[cfg(test)]
mod scale_tests;

use crate::strict::Oddities;
use anyhow::{Context, Result};
use bring::Work;
use cloud::Cloud;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use kube::{Api, Client};
use mirror::Mirror;
use paper::Paper;
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinSet;

pub use faults::Fault;
pub use kubelet::bury;
pub use node::Ground;
pub use scale::Delays;

/// How often the autoscaler looks; what it looks at is kept fresh by watches.
const SCAN: Duration = Duration::from_millis(250);

/// The cloud behind a cluster.
pub struct Machines {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

struct Shared {
    client: Client,
    ground: Ground,
    delays: Delays,
    oddities: Oddities,
    pods: Mirror<Pod>,
    paper: Paper,
    cloud: Mutex<Cloud>,
}

impl Shared {
    fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address at which pods reach this computer: loopback, but where each has a network of its own.
///
/// # Errors
/// When it has none beside loopback.
pub fn reached_at(own_network: bool) -> Result<IpAddr> {
    if own_network { kubelet::address().map(IpAddr::V4) } else { Ok(Ipv4Addr::LOCALHOST.into()) }
}

impl Machines {
    /// Begins to look at the cluster, as its administrator.
    #[must_use]
    pub fn start(client: &Client, ground: Ground, delays: Delays, oddities: Oddities) -> Self {
        let mut tasks = JoinSet::new();
        let paper = Paper::default();
        let (stack, to) = (paper.clone(), client.clone());
        let pods =
            Mirror::follow(&mut tasks, Api::<Pod>::all(client.clone()), move |pod| stack.seen(&to, pod));
        tasks.spawn(paper.clone().keep(client.clone()));
        follow_disks(&mut tasks, client, &ground);
        let cloud = Mutex::default();
        let shared =
            Arc::new(Shared { client: client.clone(), ground, delays, oddities, pods, paper, cloud });
        let work = Work::new(shared.clone());
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(SCAN).await;
                work.turn();
            }
        });
        Self { shared, tasks: Mutex::new(tasks) }
    }

    /// Adds the pools that these profiles need.
    ///
    /// # Errors
    /// Names the profile that can not be read.
    pub fn add_profiles(&self, profiles: &str) -> Result<()> {
        let wanted = pools::pools(profiles)?;
        let mut cloud = self.shared.cloud();
        for pool in wanted {
            pools::add(&mut cloud.pools, pool);
        }
        self.write_faults(&cloud)
    }

    /// Switches a fault on.
    ///
    /// # Errors
    /// Says what the fault lacks.
    pub fn add_fault(&self, fault: Fault) -> Result<()> {
        let mut cloud = self.shared.cloud();
        let pools: Vec<&str> = cloud.pools.iter().map(|pool| pool.name.as_str()).collect();
        fault.check(&pools, self.shared.ground.containers.is_some())?;
        cloud.faults.push(fault);
        self.write_faults(&cloud)
    }

    /// Switches faults off: those of one pool, or all.
    ///
    /// # Errors
    /// Names the file that can not be written.
    pub fn clear_faults(&self, pool: Option<&str>) -> Result<()> {
        let mut cloud = self.shared.cloud();
        cloud.clear(pool);
        self.write_faults(&cloud)
    }

    /// Every machine with its pool and pods.
    #[must_use]
    pub fn list(&self) -> Value {
        let cloud = self.shared.cloud();
        let machine = |(node, machine): (&String, &cloud::Owned)| json!({"node": node, "pool": machine.pool, "state": machine.state.word(), "pods": machine.pods});
        Value::Array(cloud.machines.iter().map(machine).collect())
    }

    /// Cuts a machine's power: its node is not heard of again, and after a while the cloud says it is gone.
    ///
    /// # Errors
    /// When there is no such machine that runs.
    pub fn lose(&self, node: &str) -> Result<()> {
        let mut cloud = self.shared.cloud();
        let known = cloud.machines.keys().cloned().collect::<Vec<_>>().join(", ");
        let machine = cloud.machines.get_mut(node).and_then(|owned| owned.lose());
        let machine =
            machine.with_context(|| format!("no machine `{node}` runs; these are there: {known}"))?;
        machine.lose();
        Ok(())
    }

    /// Makes machines that run no pod; gives their names.
    ///
    /// # Errors
    /// When there is no such pool, or the cluster refuses them.
    pub async fn add_paper(&self, wish: paper::Wish) -> Result<Vec<String>> {
        let pool = {
            let cloud = self.shared.cloud();
            let known = cloud.pools.iter().find(|pool| pool.name == wish.pool);
            known.with_context(|| format!("there is no pool `{}`", wish.pool))?.clone()
        };
        let Shared { client, ground, oddities, paper, .. } = &*self.shared;
        let kubelet = Paper::kubelet(&wish, &ground.authority, oddities.clone()).await?;
        paper.add(client, &pool, &wish, kubelet).await
    }

    /// What the logs of pods on such machines say from now on.
    ///
    /// # Errors
    /// When none of them says that its pods run.
    pub fn paper_says(&self, log: &paper::Log) -> Result<()> {
        self.shared.paper.say(log)
    }

    /// Takes the machines away that run no pod.
    ///
    /// # Errors
    /// Names the one that can not be deleted.
    pub async fn remove_paper(&self) -> Result<()> {
        self.shared.paper.remove(&self.shared.client).await
    }

    /// Ends all machines.
    pub async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        let owned = std::mem::take(&mut self.shared.cloud().machines);
        let running: Vec<_> = owned.into_values().filter_map(|owned| owned.machine).collect();
        futures::future::join_all(running.iter().map(|machine| machine.stop())).await;
    }

    fn write_faults(&self, cloud: &Cloud) -> Result<()> {
        for pool in &cloud.pools {
            let file = self.shared.ground.faults(&pool.name);
            let fresh = file.with_extension("new");
            std::fs::write(&fresh, faults::for_nodes(&cloud.faults, &pool.name).to_string())
                .and_then(|()| std::fs::rename(&fresh, &file))
                .with_context(|| format!("{} can not be written", file.display()))?;
        }
        Ok(())
    }
}

/// Gives claims their disks, and takes back the disks that were released.
fn follow_disks(tasks: &mut JoinSet<()>, client: &Client, ground: &Ground) {
    let to = client.clone();
    Mirror::follow(tasks, Api::<PersistentVolumeClaim>::all(client.clone()), move |claim| {
        if disks::volume_for(claim).is_some() {
            let (client, claim) = (to.clone(), claim.clone());
            tokio::spawn(async move { disks::provide(&client, &claim).await });
        }
    });
    let (to, volumes) = (client.clone(), ground.volumes.clone());
    Mirror::follow(tasks, Api::<PersistentVolume>::all(client.clone()), move |volume| {
        if disks::is_released(volume) {
            let (client, volumes, volume) = (to.clone(), volumes.clone(), volume.clone());
            tokio::spawn(async move { disks::discard(&client, &volumes, &volume).await });
        }
    });
}
