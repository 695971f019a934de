//! The calls: what is read from the cluster for a member, and what is changed there.

use std::{sync::Arc, time::Duration};

use azure_core::credentials::TokenCredential;
use backon::{ConstantBuilder, Retryable};
use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{Event, Pod as KubePod, Secret},
};
use kube::{
    Resource,
    api::{DeleteParams, GetParams, ListParams, ObjectList, Patch, PatchParams, PostParams, Preconditions},
    core::{PartialObjectMeta, Request},
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tower::BoxError;

use crate::{
    cluster::{
        connect::connect,
        log,
        manifest::{Manifest, Owner, template},
        notes, observe,
        request::{Error, Sender},
    },
    config::ClusterSettings,
    domain::{
        member::Member,
        profile::Profile,
        sign_in::SignIn,
        workspace::{Ended, Pod, Seen, Session, Workspace},
    },
    pod::Line,
};

/// The one StatefulSet of a member, and of its kind the only name.
const WORKSPACE: &str = "workspace";

/// The Secret with the tunnel's token.
const TUNNEL: &str = "tunnel";

/// The authorizer reads role bindings from a cache: our own new one may need this long to count.
const NEW_BINDING: Duration = Duration::from_secs(5);

/// The cluster, as dcaas meets it.
#[derive(Clone)]
pub struct Cluster {
    pub(super) sender: Sender,
}

/// What a look at a workspace found, to be told in words.
pub struct Look {
    pub workspace: Workspace,
    pub(super) pods: Vec<KubePod>,
    pub(super) events: Vec<Event>,
    /// The agent's newest line.
    pub line: Option<Line>,
}

impl Look {
    /// The pods, as far as a decision needs them.
    #[must_use]
    pub fn pods(&self) -> Vec<Pod> {
        self.pods.iter().map(observe::pod).collect()
    }
}

impl Cluster {
    /// # Errors
    /// When the address or the certificate can not be used; nothing is connected yet.
    pub fn new(settings: &ClusterSettings, credential: Arc<dyn TokenCredential>) -> Result<Self, BoxError> {
        Ok(Self { sender: Sender::new(connect(settings, credential)?) })
    }

    /// One look at the StatefulSet: none where there is no workspace.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn workspace(&self, member: Member) -> Result<Option<Workspace>, Error> {
        let request = build(of::<StatefulSet>(member).get(WORKSPACE, &GetParams::default()))?;
        match self.sender.send::<StatefulSet>(request).await {
            Ok(set) => Ok(Some(observe::workspace(&set))),
            Err(Error::NotFound) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Whether there is a token for the tunnel. The token itself is not read.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn sign_in(&self, member: Member) -> Result<SignIn, Error> {
        let request = build(of::<Secret>(member).get_metadata(TUNNEL, &GetParams::default()))?;
        match self.sender.send::<PartialObjectMeta<Secret>>(request).await {
            Ok(_) => Ok(SignIn::Done),
            Err(Error::NotFound) => Ok(SignIn::None),
            Err(e) => Err(e),
        }
    }

    /// The member's pods.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn pods(&self, member: Member) -> Result<Vec<Pod>, Error> {
        Ok(self.kube_pods(member).await?.iter().map(observe::pod).collect())
    }

    /// Everything that `status` tells: at most four requests, and one where nothing runs.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn look(&self, member: Member) -> Result<Option<Look>, Error> {
        let Some(workspace) = self.workspace(member).await? else {
            return Ok(None);
        };
        let mut look = Look { workspace, pods: vec![], events: vec![], line: None };
        if look.workspace.on || !look.workspace.settled {
            look.pods = self.kube_pods(member).await?;
        }
        let Some(session) = look.workspace.current() else {
            return Ok(Some(look));
        };
        let current = look.pods.iter().find(|p| observe::session(p) == Some(&session.id));
        if let Some(pod) = current.filter(|p| observe::runs(p) && observe::silent(p).is_none()) {
            look.line = self.agent_line(member, pod).await?.filter(|line| line.session == session.id);
        } else {
            look.events = self.events(member).await?;
        }
        Ok(Some(look))
    }

    async fn kube_pods(&self, member: Member) -> Result<Vec<KubePod>, Error> {
        let request = build(of::<KubePod>(member).list(&ListParams::default()))?;
        match self.sender.send::<ObjectList<KubePod>>(request).await {
            Ok(list) => Ok(list.items),
            Err(Error::NotFound) => Ok(vec![]),
            Err(e) => Err(e),
        }
    }

    async fn events(&self, member: Member) -> Result<Vec<Event>, Error> {
        let request = build(of::<Event>(member).list(&ListParams::default().limit(500)))?;
        Ok(self.sender.send::<ObjectList<Event>>(request).await?.items)
    }

    async fn agent_line(&self, member: Member, pod: &KubePod) -> Result<Option<Line>, Error> {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        match self.sender.send_for_text(build(log::newest_line(member, name))?).await {
            Ok(text) => Ok(crate::pod::newest_line(&text)),
            // the container has not begun, or its machine does not answer: the rest of the look still counts
            Err(Error::NotFound | Error::Refused { .. } | Error::Unavailable { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Makes or mends an object by server-side apply; one that is as it should be does not change.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn apply(&self, manifest: &Manifest) -> Result<(), Error> {
        let params = PatchParams::apply("dcaas").force().validation_strict();
        let request = build(Request::new(&manifest.collection).patch(
            &manifest.name,
            &params,
            &Patch::Apply(&manifest.body),
        ))?;
        self.bound(|| self.sender.send::<IgnoredAny>(request.clone())).await.map(|_| ())
    }

    /// Posts an object where there is none. Not simply posted: the quota would refuse one more before the API
    /// server sees that it exists.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn create_missing(&self, manifest: &Manifest) -> Result<(), Error> {
        let collection = Request::new(&manifest.collection);
        let request = build(collection.get_metadata(&manifest.name, &GetParams::default()))?;
        match self.bound(|| self.sender.send::<IgnoredAny>(request.clone())).await {
            Ok(_) => Ok(()),
            Err(Error::NotFound) => self.create(manifest).await,
            Err(e) => Err(e),
        }
    }

    /// Posts an object that is never applied again; one that exists already is success.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn create(&self, manifest: &Manifest) -> Result<(), Error> {
        let params = PostParams { field_manager: Some("dcaas".to_owned()), ..Default::default() };
        let body = manifest.body.to_string().into_bytes();
        let request = build(Request::new(&manifest.collection).create(&params, body))?;
        match self.bound(|| self.sender.send::<IgnoredAny>(request.clone())).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
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

    /// No replica, if neither session nor end have changed since they were seen.
    ///
    /// # Errors
    /// [`Error::Changed`] where they have.
    pub async fn end(&self, member: Member, saw: &Seen, ended: &Ended) -> Result<Workspace, Error> {
        let mut ops = vec![test(notes::SESSION, &saw.session), test(notes::ENDED, &saw.ended)];
        ops.extend(off(ended));
        self.patch(member, Value::Array(ops)).await
    }

    /// No replica, while anything runs or waits.
    ///
    /// # Errors
    /// [`Error::Changed`] where nothing does; [`Error::NotFound`] where there is no workspace.
    pub async fn stop(&self, member: Member, ended: &Ended) -> Result<Workspace, Error> {
        let mut ops = vec![test(notes::ENDED, "")];
        ops.extend(off(ended));
        self.patch(member, Value::Array(ops)).await
    }

    async fn patch(&self, member: Member, ops: Value) -> Result<Workspace, Error> {
        let patch = Patch::<()>::Json(serde_json::from_value(ops).map_err(|e| refused(&e))?);
        let request = build(of::<StatefulSet>(member).patch(WORKSPACE, &PatchParams::default(), &patch))?;
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

    /// Whether the API server answers at all, and knows us.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        let request = build(Request::new("").get("version", &GetParams::default()))?;
        self.sender.send::<IgnoredAny>(request).await.map(|_| ())
    }
}

/// The collection of a kind in the member's namespace.
pub(super) fn of<K: Resource<DynamicType = ()>>(member: Member) -> Request {
    Request::new(K::url_path(&(), Some(&member.namespace())))
}

pub(super) fn build<E: std::fmt::Display>(
    request: Result<http::Request<Vec<u8>>, E>,
) -> Result<http::Request<Vec<u8>>, Error> {
    request.map_err(|e| refused(&e))
}

fn refused(error: &impl std::fmt::Display) -> Error {
    Error::Refused { code: 0, message: error.to_string() }
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
