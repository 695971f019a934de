//! All workspaces at once, as far as the sweep needs them: two lists, however many there are.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::StatefulSet;

use crate::{
    cluster::{
        notes, observe,
        reads::Cluster,
        request::{Error, WORKSPACE},
        residents::Listed,
    },
    domain::{
        member::Member,
        workspace::{Occupancy, Pod},
    },
};

impl Cluster {
    /// Every workspace of this installation, with its pods.
    ///
    /// # Errors
    /// When the cluster does not give both lists whole.
    pub async fn occupancies(&self) -> Result<Vec<Occupancy>, Error> {
        let labels = self.ours();
        let mut pods = HashMap::<Member, Vec<Pod>>::new();
        self.each_pod(&labels, |member, pod| {
            if pod.metadata.deletion_timestamp.is_none() {
                pods.entry(member).or_default().push(observe::pod(&pod));
            }
        })
        .await?;
        let mut occupancies = Vec::new();
        self.each::<StatefulSet>(&labels, |set| {
            let member = Member::of_namespace(&set.metadata.namespace);
            if let Some(member) = member.filter(|_| set.metadata.name == WORKSPACE) {
                occupancies.push(occupancy(member, &set, pods.remove(&member).unwrap_or_default()));
            }
        })
        .await?;
        Ok(occupancies)
    }
}

fn occupancy(member: Member, set: &Listed, pods: Vec<Pod>) -> Occupancy {
    let seen = set.metadata.seen();
    Occupancy {
        member,
        uid: set.metadata.uid.clone(),
        session: notes::read_session(&seen.session),
        ended: notes::read_ended(&seen.ended),
        seen,
        pods,
    }
}
