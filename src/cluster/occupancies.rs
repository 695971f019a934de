//! All workspaces at once, as far as the sweep needs them: two lists, however many there are.

use std::collections::HashMap;

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod as KubePod};
use kube::{Resource, core::Request};

use crate::{
    cluster::{
        notes, observe,
        reads::Cluster,
        request::{Error, WORKSPACE, build},
        residents::Listed,
    },
    domain::{
        member::Member,
        workspace::{Occupancy, Pod, Seen},
    },
};

impl Cluster {
    /// Every workspace of this installation, with its pods.
    ///
    /// # Errors
    /// When the cluster does not give both lists whole.
    pub async fn occupancies(&self) -> Result<Vec<Occupancy>, Error> {
        let labels = self.ours();
        // pods first: one can then only be older than the session beside it
        let mut pods = HashMap::<Member, Vec<Pod>>::new();
        let list = Request::new(KubePod::url_path(&(), None));
        self.pages(
            &labels,
            |params| build(list.list(params)),
            |pod: KubePod| {
                let there = pod.metadata.deletion_timestamp.is_none();
                let member = pod.metadata.namespace.as_deref().and_then(Member::of_namespace);
                if let Some(member) = member.filter(|_| there) {
                    pods.entry(member).or_default().push(observe::pod(&pod));
                }
            },
        )
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
    let text = |name: &str| set.metadata.annotations.get(name).cloned().unwrap_or_default();
    let seen = Seen { session: text(notes::SESSION), ended: text(notes::ENDED) };
    Occupancy {
        member,
        session: notes::read_session(&seen.session),
        ended: notes::read_ended(&seen.ended),
        seen,
        pods,
    }
}
