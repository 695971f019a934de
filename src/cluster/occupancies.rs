//! All workspaces at once, as far as the sweep needs them: two lists, however many there are.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod as KubePod};

use crate::{
    cluster::{
        notes, observe,
        reads::Cluster,
        request::{Error, WORKSPACE},
        residences::lean,
        residents::Listed,
    },
    domain::{member::Member, workspace::Occupancy},
};

impl Cluster {
    /// Every workspace of this installation, with its pods.
    ///
    /// # Errors
    /// When the cluster does not give both lists whole.
    pub async fn occupancies(&self, now: DateTime<Utc>) -> Result<Vec<Occupancy>, Error> {
        let labels = self.ours();
        let mut pods = HashMap::<Member, Vec<KubePod>>::new();
        self.each_pod(&labels, |member, pod| {
            if pod.metadata.deletion_timestamp.is_none() {
                pods.entry(member).or_default().push(lean(pod));
            }
        })
        .await?;
        let mut occupancies = Vec::new();
        self.each::<StatefulSet>(&labels, |set| {
            let member = Member::of_namespace(&set.metadata.namespace);
            if let Some(member) = member.filter(|_| set.metadata.name == WORKSPACE) {
                let pods = pods.remove(&member).unwrap_or_default();
                occupancies.push(occupancy(member, &set, &pods, now));
            }
        })
        .await?;
        Ok(occupancies)
    }
}

fn occupancy(member: Member, set: &Listed, pods: &[KubePod], now: DateTime<Utc>) -> Occupancy {
    let seen = set.metadata.seen();
    let session = notes::read_session(&seen.session);
    Occupancy {
        member,
        uid: set.metadata.uid.clone(),
        state: session.as_ref().and_then(|session| observe::state(pods, session, now)),
        session,
        ended: notes::read_ended(&seen.ended),
        seen,
        pods: pods.iter().map(observe::pod).collect(),
    }
}
