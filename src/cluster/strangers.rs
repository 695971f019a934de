//! People who have no workspace here: the cluster forbids us to look, and that alone is no fault.

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

    async fn has_workspace(&self, member: Member) -> Result<bool, Error> {
        let labels = format!("app.kubernetes.io/instance={},dcaas.dev/member={member}", self.installation);
        let params = ListParams::default().labels(&labels).limit(1);
        let request = build(Request::new(StatefulSet::url_path(&(), None)).list_metadata(&params))?;
        let list: ObjectList<PartialObjectMeta<StatefulSet>> = self.sender.send(request).await?;
        Ok(!list.items.is_empty())
    }
}
