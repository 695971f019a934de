//! Who has a workspace here, and who has none: there the cluster forbids us to look, and that alone is no fault.

use k8s_openapi::api::apps::v1::StatefulSet;
use kube::{
    Resource,
    api::{ListParams, ObjectList},
    core::{PartialObjectMeta, Request},
};

use crate::{
    cluster::{
        reads::Cluster,
        request::{Error, build},
    },
    domain::member::Member,
};

impl Cluster {
    /// Our rights end at our members' namespaces, so for anybody else the answer is `Forbidden`. The list of all
    /// StatefulSets, which is ours to read, says whether that is because there is no workspace, or because our
    /// rights in its namespace are missing.
    pub(super) async fn tell_apart(&self, member: Member, error: Error) -> Error {
        if !matches!(error, Error::Forbidden(_)) {
            return error;
        }
        match self.has_workspace(member).await {
            Ok(true) => error,
            Ok(false) => Error::NotFound,
            Err(e) => e,
        }
    }

    /// Whether somebody has a workspace here, also where our rights may be missing.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn has_workspace(&self, member: Member) -> Result<bool, Error> {
        let one = ListParams::default().labels(&self.ours_of(member)).limit(1);
        Ok(!self.sets(&one).await?.is_empty())
    }

    /// The label of everything that is this installation's.
    pub(super) fn ours(&self) -> String {
        format!("app.kubernetes.io/instance={}", self.installation)
    }

    /// The labels of what is one member's.
    pub(super) fn ours_of(&self, member: Member) -> String {
        format!("{},dcaas.dev/member={member}", self.ours())
    }

    async fn sets(&self, which: &ListParams) -> Result<Vec<PartialObjectMeta<StatefulSet>>, Error> {
        let request = build(Request::new(StatefulSet::url_path(&(), None)).list_metadata(which))?;
        Ok(self.sender.send::<ObjectList<_>>(request).await?.items)
    }
}
