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
        json_patch::{annotation, json_patch, replace, test},
        leaving::Found,
        manifest::{Manifest, Owner, template},
        notes, observe,
        reads::Cluster,
        request::{Error, WORKSPACE, build, of},
    },
    domain::{
        member::Member,
        membership::Allowance,
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
        let ops = vec![
            test("/spec/claimRef/uid", earlier),
            replace("/spec/claimRef", &manifest.body["spec"]["claimRef"]),
        ];
        let request = json_patch(&Request::new(&manifest.collection), &manifest.name, ops)?;
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
        let template = replace("/spec/template", template(owner, session, profile));
        let mut ops = seen(saw, [template]);
        ops.extend(on(session, 1));
        self.patch(owner.member, ops).await
    }

    /// The wish to start is kept, with no replica, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn wait(&self, member: Member, saw: &Seen, session: &Session) -> Result<Workspace, Error> {
        self.patch(member, seen(saw, on(session, 0))).await
    }

    /// No replica, if neither session nor end have changed since they were seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where they have.
    pub async fn end(&self, member: Member, saw: &Seen, ended: &Ended) -> Result<Workspace, Error> {
        self.patch(member, seen(saw, off(ended))).await
    }

    /// Notes something of the session that runs, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn note(&self, member: Member, saw: &Seen, session: &Session) -> Result<Workspace, Error> {
        self.patch(member, seen(saw, [session_note(session)])).await
    }

    /// Notes that an ended session's hours stand in a usage record, if nothing has changed since it was seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has.
    pub async fn note_recorded(&self, member: Member, saw: &Seen, ended: &Ended) -> Result<(), Error> {
        let recorded = Ended { recorded: true, ..ended.clone() };
        let ops = seen(saw, [ended_note(&notes::write_ended(&recorded))]);
        let request = json_patch(&of::<StatefulSet>(member), WORKSPACE, ops)?;
        self.sender.send::<IgnoredAny>(request).await.map(|_| ())
    }

    /// No replica, while anything runs or waits.
    ///
    /// # Errors
    /// [`Error::Changed`] where nothing does; [`Error::NotFound`] where there is no workspace.
    pub async fn stop(&self, member: Member, ended: &Ended) -> Result<Workspace, Error> {
        let mut ops = vec![test(&annotation(notes::ENDED), "")];
        ops.extend(off(ended));
        match self.patch(member, ops).await {
            Ok(workspace) => Ok(workspace),
            Err(e) => Err(self.tell_apart(member, e).await),
        }
    }

    /// Notes what the member may use, on the workspace that is there; whether one is.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn set_allowance(&self, member: Member, allowance: &Allowance) -> Result<bool, Error> {
        let Allowance { profiles, bounds } = allowance;
        let profiles = profiles.as_deref().map(notes::write_profiles);
        let annotations = json!({ notes::PROFILES: profiles, notes::BOUNDS: bounds });
        let body = json!({ "metadata": { "annotations": annotations } });
        let sets = of::<StatefulSet>(member);
        let request = build(sets.patch(WORKSPACE, &PatchParams::default(), &Patch::Merge(&body)))?;
        match self.sender.send::<IgnoredAny>(request).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(e) => Err(e),
        }
    }

    async fn patch(&self, member: Member, ops: Vec<Value>) -> Result<Workspace, Error> {
        let request = json_patch(&of::<StatefulSet>(member), WORKSPACE, ops)?;
        Ok(observe::workspace(&self.sender.send::<StatefulSet>(request).await?))
    }

    /// A pod goes, if it is still the one that was seen.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn delete_pod(&self, member: Member, name: &str, uid: &str) -> Result<(), Error> {
        let seen = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(seen), ..Default::default() };
        self.sender.delete_seen(build(of::<KubePod>(member).delete(name, &params))?).await.map(|_| ())
    }
}

/// These changes, if neither session nor end have changed since they were seen.
fn seen(saw: &Seen, changes: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let tests =
        [test(&annotation(notes::SESSION), &saw.session), test(&annotation(notes::ENDED), &saw.ended)];
    tests.into_iter().chain(changes).collect()
}

/// A session that runs or waits, with so many replicas.
fn on(session: &Session, replicas: u8) -> [Value; 3] {
    [session_note(session), ended_note(""), replace("/spec/replicas", replicas)]
}

fn off(ended: &Ended) -> [Value; 2] {
    [ended_note(&notes::write_ended(ended)), replace("/spec/replicas", 0)]
}

fn session_note(session: &Session) -> Value {
    replace(&annotation(notes::SESSION), notes::write_session(session))
}

fn ended_note(text: &str) -> Value {
    replace(&annotation(notes::ENDED), text)
}
