//! What is changed in the cluster for a member. Every change can be repeated.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use k8s_openapi::{
    api::{
        apps::v1::StatefulSet,
        core::v1::{PersistentVolume, Pod as KubePod},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    api::{DeleteParams, GetParams, Patch, PatchParams, PostParams, Preconditions},
    core::Request,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, json};

use crate::{
    cluster::{
        leaving::Found,
        manifest::{Manifest, Owner, template},
        notes, observe,
        reads::Cluster,
        request::{Error, WORKSPACE, build, of, refused},
    },
    domain::{
        member::Member,
        profile::Profile,
        workspace::{Ended, Seen, Session, Workspace},
    },
};

/// The authorizer reads role bindings from a cache: our own new one may need this long to count.
const NEW_BINDING: Duration = Duration::from_secs(5);

/// Any object, as far as its name goes.
#[derive(Deserialize)]
struct Named {
    metadata: ObjectMeta,
}

impl Cluster {
    /// Makes or mends an object by server-side apply; one that is as it should be does not change.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn apply(&self, manifest: &Manifest) -> Result<(), Error> {
        self.applied::<IgnoredAny>(manifest).await.map(|_| ())
    }

    /// The same for a volume; which claim it belongs to, if it has met one.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn apply_volume(&self, manifest: &Manifest) -> Result<Option<String>, Error> {
        let (volume, _): (PersistentVolume, bool) = self.applied(manifest).await?;
        Ok(volume.spec.and_then(|spec| spec.claim_ref?.uid))
    }

    /// The object as it is then, and whether it was made.
    pub(super) async fn applied<T: DeserializeOwned>(&self, manifest: &Manifest) -> Result<(T, bool), Error> {
        let params = PatchParams::apply("dcaas").force().validation_strict();
        let request = build(Request::new(&manifest.collection).patch(
            &manifest.name,
            &params,
            &Patch::Apply(&manifest.body),
        ))?;
        self.bound(|| self.sender.send_to_make(request.clone())).await
    }

    /// Posts an object where there is none; the uid of the one that is there then, if it is known. Where something was
    /// `found`, it is not simply posted: the quota would refuse one more before the API server sees that it exists.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn create_missing(&self, manifest: &Manifest, found: Found) -> Result<Option<String>, Error> {
        if found == Found::Nothing {
            match self.create(manifest).await {
                // another turn was faster, and there is a quota already
                Err(Error::Forbidden(_)) => {}
                done => return done,
            }
        }
        let collection = Request::new(&manifest.collection);
        let request = build(collection.get_metadata(&manifest.name, &GetParams::default()))?;
        match self.bound(|| self.sender.send::<Named>(request.clone())).await {
            Ok(there) => Ok(there.metadata.uid),
            Err(Error::NotFound) => self.create(manifest).await,
            Err(e) => Err(e),
        }
    }

    /// Posts an object that is never applied again; its uid. One that exists already is success, too.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn create(&self, manifest: &Manifest) -> Result<Option<String>, Error> {
        let params = PostParams { field_manager: Some("dcaas".to_owned()), ..Default::default() };
        let body = manifest.body.to_string().into_bytes();
        let request = build(Request::new(&manifest.collection).create(&params, body))?;
        match self.bound(|| self.sender.send::<Named>(request.clone())).await {
            Ok(made) => Ok(made.metadata.uid),
            Err(Error::Conflict(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Lets a volume meet the claim of its name, if it still belongs to that earlier one, which is gone.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn free_volume(&self, manifest: &Manifest, earlier: &str) -> Result<(), Error> {
        let ops = json!([
            { "op": "test", "path": "/spec/claimRef/uid", "value": earlier },
            { "op": "replace", "path": "/spec/claimRef", "value": manifest.body["spec"]["claimRef"] },
        ]);
        let patch = Patch::<()>::Json(serde_json::from_value(ops).map_err(|e| refused(&e))?);
        let volumes = Request::new(&manifest.collection);
        let request = build(volumes.patch(&manifest.name, &PatchParams::default(), &patch))?;
        match self.sender.send::<IgnoredAny>(request).await {
            Ok(_) | Err(Error::Changed) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Repeats what is forbidden for as long as a new role binding of ours may not count yet.
    async fn bound<T, F: Future<Output = Result<T, Error>>>(
        &self,
        call: impl FnMut() -> F,
    ) -> Result<T, Error> {
        let every = Duration::from_millis(250);
        let times = (NEW_BINDING.as_millis() / every.as_millis()) as usize;
        call.retry(ConstantBuilder::new().with_delay(every).with_max_times(times))
            .when(|e| matches!(e, Error::Forbidden(_)))
            .await
    }

    /// One replica of this profile, for this session, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn switch_on(
        &self,
        owner: Owner<'_>,
        saw: &Seen,
        session: &Session,
        profile: &Profile,
    ) -> Result<Workspace, Error> {
        let ops = json!([
            test(notes::SESSION, &saw.session),
            test(notes::ENDED, &saw.ended),
            { "op": "replace", "path": "/spec/template", "value": template(owner, session, profile) },
            { "op": "replace", "path": annotation(notes::SESSION), "value": notes::write_session(session) },
            { "op": "replace", "path": annotation(notes::ENDED), "value": "" },
            { "op": "replace", "path": "/spec/replicas", "value": 1 },
        ]);
        self.patch(owner.member, ops).await
    }

    /// The wish to start is kept, with no replica, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn wait(&self, member: Member, saw: &Seen, session: &Session) -> Result<Workspace, Error> {
        let ops = json!([
            test(notes::SESSION, &saw.session),
            test(notes::ENDED, &saw.ended),
            { "op": "replace", "path": annotation(notes::SESSION), "value": notes::write_session(session) },
            { "op": "replace", "path": annotation(notes::ENDED), "value": "" },
            { "op": "replace", "path": "/spec/replicas", "value": 0 },
        ]);
        self.patch(member, ops).await
    }

    /// No replica, if neither session nor end have changed since they were seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where they have.
    pub async fn end(&self, member: Member, saw: &Seen, ended: &Ended) -> Result<Workspace, Error> {
        let mut ops = vec![test(notes::SESSION, &saw.session), test(notes::ENDED, &saw.ended)];
        ops.extend(off(ended));
        self.patch(member, Value::Array(ops)).await
    }

    /// Notes something of the session that runs, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn note(&self, member: Member, saw: &Seen, session: &Session) -> Result<Workspace, Error> {
        let ops = json!([
            test(notes::SESSION, &saw.session),
            test(notes::ENDED, &saw.ended),
            { "op": "replace", "path": annotation(notes::SESSION), "value": notes::write_session(session) },
        ]);
        self.patch(member, ops).await
    }

    /// Notes that an ended session's hours stand in a usage record, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn note_recorded(&self, member: Member, saw: &Seen, ended: &Ended) -> Result<(), Error> {
        let recorded = Ended { recorded: true, ..ended.clone() };
        let ops = json!([
            test(notes::SESSION, &saw.session),
            test(notes::ENDED, &saw.ended),
            { "op": "replace", "path": annotation(notes::ENDED), "value": notes::write_ended(&recorded) },
        ]);
        self.sender.send::<IgnoredAny>(patch_request(member, ops)?).await.map(|_| ())
    }

    /// No replica, while anything runs or waits.
    ///
    /// # Errors
    /// [`Error::Changed`] where nothing does; [`Error::NotFound`] where there is no workspace.
    pub async fn stop(&self, member: Member, ended: &Ended) -> Result<Workspace, Error> {
        let mut ops = vec![test(notes::ENDED, "")];
        ops.extend(off(ended));
        match self.patch(member, Value::Array(ops)).await {
            Ok(workspace) => Ok(workspace),
            Err(e) => Err(self.tell_apart(member, e).await),
        }
    }

    /// Notes which profiles the member may start, on the workspace that is there; whether one is.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn set_profiles(&self, member: Member, open: Option<&[String]>) -> Result<bool, Error> {
        let body =
            json!({ "metadata": { "annotations": { notes::PROFILES: open.map(notes::write_profiles) } } });
        let sets = of::<StatefulSet>(member);
        let request = build(sets.patch(WORKSPACE, &PatchParams::default(), &Patch::Merge(&body)))?;
        match self.sender.send::<IgnoredAny>(request).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(e) => Err(e),
        }
    }

    async fn patch(&self, member: Member, ops: Value) -> Result<Workspace, Error> {
        let request = patch_request(member, ops)?;
        Ok(observe::workspace(&self.sender.send::<StatefulSet>(request).await?))
    }

    /// A pod goes, if it is still the one that was seen.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn delete_pod(&self, member: Member, name: &str, uid: &str) -> Result<(), Error> {
        let seen = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(seen), ..Default::default() };
        let request = build(of::<KubePod>(member).delete(name, &params))?;
        match self.sender.send::<IgnoredAny>(request).await {
            Ok(_) | Err(Error::NotFound | Error::Conflict(_)) => Ok(()),
            Err(e) => Err(e),
        }
    }
}

/// Many starts may wait for their turn: each holds the bytes of its patch, and not the ten times larger tree.
fn patch_request(member: Member, ops: Value) -> Result<http::Request<Vec<u8>>, Error> {
    let patch = Patch::<()>::Json(serde_json::from_value(ops).map_err(|e| refused(&e))?);
    build(of::<StatefulSet>(member).patch(WORKSPACE, &PatchParams::default(), &patch))
}

fn annotation(name: &str) -> String {
    format!("/metadata/annotations/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn test(name: &str, text: &str) -> Value {
    json!({ "op": "test", "path": annotation(name), "value": text })
}

fn off(ended: &Ended) -> [Value; 2] {
    [
        json!({ "op": "replace", "path": annotation(notes::ENDED), "value": notes::write_ended(ended) }),
        json!({ "op": "replace", "path": "/spec/replicas", "value": 0 }),
    ]
}
