//! What is told of a workspace by an event, for those who look with kubectl.

use chrono::{DateTime, SecondsFormat, Utc};
use k8s_openapi::api::core::v1::Event;
use kube::api::PostParams;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    cluster::{
        reads::Cluster,
        request::{Error, WORKSPACE, build, of},
    },
    domain::member::Member,
    plan::idle::Bound,
};

/// A workspace that nobody of its people stopped.
#[derive(Clone, Debug)]
pub struct End {
    pub member: Member,
    /// The StatefulSet's uid.
    pub uid: String,
    /// The session that ended.
    pub session: String,
    pub at: DateTime<Utc>,
    pub by: Bound,
    pub why: String,
}

impl Cluster {
    /// Tells of an end by an event on the StatefulSet: `kubectl describe` shows it for an hour. Told twice, it is one.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn tell_of(&self, end: &End) -> Result<(), Error> {
        let body = event(end).to_string().into_bytes();
        let request = build(of::<Event>(end.member).create(&PostParams::default(), body))?;
        match self.sender.send::<IgnoredAny>(request).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(e) => Err(e),
        }
    }
}

fn event(end: &End) -> Value {
    let at = end.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let reason = match end.by {
        Bound::Idleness => "StoppedIdle",
        Bound::Night => "StoppedAtNight",
        Bound::LongestLife => "StoppedAfterLongestLife",
        Bound::Unknown => "StoppedUnheard",
        Bound::NotRunning => "StoppedNotRunning",
    };
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": { "name": format!("{WORKSPACE}.{}", end.session), "namespace": end.member.namespace() },
        // with the uid, as kubectl asks for the events of this very object
        "involvedObject": {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "namespace": end.member.namespace(),
            "name": WORKSPACE,
            "uid": end.uid,
        },
        "type": "Normal",
        "reason": reason,
        "message": format!("dcaas stopped the workspace: {}.", end.why),
        "source": { "component": "dcaas" },
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    })
}
