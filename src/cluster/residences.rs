//! Everybody who has something in the cluster, as an admin sees them: three lists, however many people there are.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{Namespace, Pod as KubePod, PodSpec},
};
use kube::api::ObjectMeta;

use crate::{
    cluster::{
        diagnose, notes,
        reads::Cluster,
        request::Error,
        residents::{Listed, ListedMeta},
    },
    domain::{
        member::Member,
        membership::Left,
        situation::Situation,
        workspace::{Ended, Session},
    },
};

/// What somebody has in the cluster, as lists tell it.
pub struct Residence {
    pub member: Member,
    /// What Graph calls them.
    pub name: Option<String>,
    /// That they left, once leaving has begun.
    pub left: Option<Left>,
    /// Whether what was kept of them is being deleted.
    pub(super) ending: bool,
    /// What their StatefulSet says; none where there is none.
    pub workspace: Option<Run>,
    /// Without what no diagnosis reads.
    pub(super) pods: Vec<KubePod>,
}

/// The session that runs or waits, or the last one, and how it ended.
pub struct Run {
    pub session: Option<Session>,
    pub ended: Option<Ended>,
}

impl Residence {
    /// Where they stand, told to somebody else. `kept_until` is when what is kept of a leaver is deleted.
    #[must_use]
    pub fn situation(&self, kept_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Situation {
        diagnose::listed(self, kept_until, now)
    }
}

impl Cluster {
    /// What every workspace of this installation says of its session: one list.
    ///
    /// # Errors
    /// When the cluster does not give the list whole.
    pub async fn runs(&self) -> Result<Vec<(Member, Run)>, Error> {
        let mut runs = Vec::new();
        self.each::<StatefulSet>(&self.ours(), |set| {
            runs.extend(Member::of_namespace(&set.metadata.namespace).map(|member| (member, run(&set))));
        })
        .await?;
        Ok(runs)
    }

    /// Everybody who has a namespace of this installation, with or without a workspace in it; or only one of them.
    ///
    /// # Errors
    /// When the cluster does not give the lists whole.
    pub async fn residences(&self, only: Option<Member>) -> Result<Vec<Residence>, Error> {
        let labels = only.map_or_else(|| self.ours(), |member| self.ours_of(member));
        let mut pods = HashMap::<Member, Vec<KubePod>>::new();
        self.each_pod(&labels, |member, pod| pods.entry(member).or_default().push(lean(pod))).await?;
        let mut runs = HashMap::new();
        self.each::<StatefulSet>(&labels, |set| {
            runs.extend(Member::of_namespace(&set.metadata.namespace).map(|member| (member, run(&set))));
        })
        .await?;
        // last: a workspace that is made in between has its namespace in this list
        let mut residences = Vec::new();
        self.each::<Namespace>(&labels, |namespace| {
            let ListedMeta { name, mut annotations, deletion_timestamp, .. } = namespace.metadata;
            if let Some(member) = Member::of_namespace(&name) {
                residences.push(Residence {
                    member,
                    name: annotations.remove(notes::NAME),
                    left: annotations.get(notes::LEFT).and_then(|text| notes::read_left(text)),
                    ending: deletion_timestamp.is_some(),
                    workspace: runs.remove(&member),
                    pods: pods.remove(&member).unwrap_or_default(),
                });
            }
        })
        .await?;
        Ok(residences)
    }
}

fn run(set: &Listed) -> Run {
    let seen = set.metadata.seen();
    Run { session: notes::read_session(&seen.session), ended: notes::read_ended(&seen.ended) }
}

/// A pod without its containers' wishes, which are most of it.
fn lean(pod: KubePod) -> KubePod {
    let KubePod { metadata, spec, status } = pod;
    let metadata = ObjectMeta {
        name: metadata.name,
        uid: metadata.uid,
        labels: metadata.labels,
        creation_timestamp: metadata.creation_timestamp,
        deletion_timestamp: metadata.deletion_timestamp,
        ..Default::default()
    };
    let spec = spec.map(|spec| PodSpec { node_name: spec.node_name, ..Default::default() });
    KubePod { metadata, spec, status }
}
