//! What is read from the cluster for a member.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{Event, Pod as KubePod},
};
use kube::api::{GetParams, ListParams, LogParams, ObjectList};
use tower::BoxError;

use crate::{
    cluster::{
        connect::connect,
        observe,
        request::{Error, Sender, WORKSPACE, build, of},
    },
    config::ClusterSettings,
    domain::{
        member::Member,
        workspace::{Pod, Workspace},
    },
    pod::{self, Line},
};

/// The cluster, as dcaas meets it.
#[derive(Clone)]
pub struct Cluster {
    pub(super) sender: Sender,
    /// Whose members' things are ours.
    pub(super) installation: Arc<str>,
}

/// What a look at a workspace found, to be told in words.
pub struct Look {
    pub workspace: Workspace,
    pub(super) pods: Vec<KubePod>,
    pub(super) events: Vec<Event>,
    /// The agent's newest line.
    pub line: Option<Line>,
    /// Whether the machine did not give the log, so that a line may well be there.
    pub(super) unheard: bool,
}

impl Cluster {
    /// # Errors
    /// When the address or the certificate can not be used; nothing is connected yet.
    pub fn new(
        installation: &str,
        settings: &ClusterSettings,
        credential: Arc<dyn TokenCredential>,
    ) -> Result<Self, BoxError> {
        Ok(Self { sender: Sender::new(connect(settings, credential)?), installation: installation.into() })
    }

    /// One look at the StatefulSet: none where there is no workspace.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn workspace(&self, member: Member) -> Result<Option<Workspace>, Error> {
        let request = build(of::<StatefulSet>(member).get(WORKSPACE, &GetParams::default()))?;
        match self.sender.send::<StatefulSet>(request).await {
            Ok(set) => Ok(Some(observe::workspace(&set))),
            Err(e) => match self.tell_apart(member, e).await {
                Error::NotFound => Ok(None),
                e => Err(e),
            },
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
        let mut look = Look { workspace, pods: vec![], events: vec![], line: None, unheard: false };
        if look.workspace.on || !look.workspace.settled {
            look.pods = self.kube_pods(member).await?;
        }
        let Some(session) = look.workspace.current() else {
            return Ok(Some(look));
        };
        let current = look.pods.iter().find(|p| observe::session(p) == Some(&session.id));
        if let Some(pod) = current.filter(|p| observe::runs(p) && observe::silent(p).is_none()) {
            match self.agent_line(member, pod).await {
                Ok(line) => look.line = line.filter(|line| line.session == session.id),
                // the machine does not answer: the rest of the look still counts
                Err(Error::Unavailable { .. }) => look.unheard = true,
                Err(e) => return Err(e),
            }
        } else {
            look.events = self.events(member).await?;
        }
        Ok(Some(look))
    }

    pub(super) async fn kube_pods(&self, member: Member) -> Result<Vec<KubePod>, Error> {
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

    pub(super) async fn agent_line_of(&self, member: Member, pod: &str) -> Result<Option<Line>, Error> {
        match self.sender.send_for_text(build(end_of_log(member, pod))?).await {
            Ok(text) => Ok(pod::newest_line(&text)),
            // the container has not begun
            Err(Error::NotFound | Error::Refused { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn agent_line(&self, member: Member, pod: &KubePod) -> Result<Option<Line>, Error> {
        self.agent_line_of(member, pod.metadata.name.as_deref().unwrap_or_default()).await
    }
}

/// The request for the end of a pod's log, where the agent's newest line always is.
fn end_of_log(member: Member, pod: &str) -> Result<http::Request<Vec<u8>>, kube::core::request::Error> {
    let params = LogParams {
        container: Some(observe::CONTAINER.to_owned()),
        tail_lines: Some(pod::TAIL_LINES),
        ..Default::default()
    };
    of::<KubePod>(member).logs(pod, &params)
}
