//! What is taken away from those who left: first their workspace, and what was kept of it when its time is over.

use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{Namespace, PersistentVolume, Secret},
};
use kube::{
    Resource,
    api::{DeleteParams, Patch, PatchParams, Preconditions, PropagationPolicy},
    core::Request,
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    cluster::{
        manifest::Manifest,
        notes,
        reads::Cluster,
        request::{Error, WORKSPACE, build, of},
        residents::Listed,
        sign_in::{SIGN_IN, TUNNEL},
    },
    domain::{
        member::Member,
        membership::{Left, Resident},
    },
};

/// What was there when a member's namespace was made or mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The namespace is new, and nothing is in it.
    Nothing,
    /// It was there; what is in it is to be seen.
    Namespace,
    /// Their leaving was dated on it; it is not any more.
    Left,
}

impl Cluster {
    /// Makes or mends a member's namespace. Somebody who left and came back has not left any more.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer, or while an earlier namespace of theirs goes.
    pub async fn apply_namespace(&self, manifest: &Manifest) -> Result<Found, Error> {
        let (namespace, new): (Listed, bool) = self.applied(manifest).await?;
        if new {
            return Ok(Found::Nothing);
        }
        // what is made in it now would go with it
        if namespace.metadata.deletion_timestamp.is_some() {
            let why = "the namespace is on its way out".to_owned();
            return Err(Error::Unavailable { why, again: false, wait: None });
        }
        if !namespace.metadata.annotations.contains_key(notes::LEFT) {
            return Ok(Found::Namespace);
        }
        let body = json!({ "metadata": { "annotations": { notes::LEFT: null } } });
        self.merge_namespace(&manifest.name, &body).await?;
        Ok(Found::Left)
    }

    /// Dates that somebody left, on the namespace that was seen.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it is another one now.
    pub async fn mark_left(&self, seen: &Resident, left: Left) -> Result<(), Error> {
        let body = json!({ "metadata": {
            "uid": seen.uid,
            "annotations": { notes::LEFT: notes::write_left(left) },
        } });
        self.merge_namespace(&seen.member.namespace(), &body).await
    }

    async fn merge_namespace(&self, name: &str, body: &Value) -> Result<(), Error> {
        let namespaces = Request::new(Namespace::url_path(&(), None));
        let request = build(namespaces.patch(name, &PatchParams::default(), &Patch::Merge(body)))?;
        self.sender.send::<IgnoredAny>(request).await.map(|_| ())
    }

    /// The member's secrets go; those that are not there are success.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn delete_secrets(&self, member: Member) -> Result<(), Error> {
        for name in [SIGN_IN, TUNNEL] {
            self.sender.delete(build(of::<Secret>(member).delete(name, &DeleteParams::default()))?).await?;
        }
        Ok(())
    }

    /// The workspace goes, with its pods, if it is as it was seen; whether it is.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn delete_workspace(&self, member: Member, version: &str) -> Result<bool, Error> {
        let seen = Preconditions { uid: None, resource_version: Some(version.to_owned()) };
        let params = DeleteParams {
            preconditions: Some(seen),
            propagation_policy: Some(PropagationPolicy::Background),
            ..Default::default()
        };
        self.sender.delete_seen(build(of::<StatefulSet>(member).delete(WORKSPACE, &params))?).await
    }

    /// The volume of the member's container goes; the container stays as it is.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn delete_volume(&self, member: Member) -> Result<(), Error> {
        let volumes = Request::new(PersistentVolume::url_path(&(), None));
        self.sender.delete(build(volumes.delete(&member.namespace(), &DeleteParams::default()))?).await
    }

    /// The namespace goes with all that is in it, the home disk too, if it is as it was seen; whether it is.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn delete_namespace(&self, seen: &Resident) -> Result<bool, Error> {
        let (uid, version) = (seen.uid.clone(), seen.version.clone());
        let preconditions = Preconditions { uid: Some(uid), resource_version: Some(version) };
        let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
        let namespaces = Request::new(Namespace::url_path(&(), None));
        self.sender.delete_seen(build(namespaces.delete(&seen.member.namespace(), &params))?).await
    }
}
