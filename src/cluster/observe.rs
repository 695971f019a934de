//! From Kubernetes' objects to our words.

use chrono::{DateTime, Utc};
use k8s_openapi::{
    api::{apps::v1::StatefulSet, core::v1},
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::{
    cluster::{diagnose, notes},
    domain::workspace::{Pod, PodState, Seen, Session, Workspace},
    pod,
};

/// The container that the agent runs in.
pub const CONTAINER: &str = "workspace";

/// What a StatefulSet says about a workspace.
pub fn workspace(set: &StatefulSet) -> Workspace {
    let annotation = |name: &str| {
        let all = set.metadata.annotations.as_ref();
        all.and_then(|all| all.get(name)).cloned().unwrap_or_default()
    };
    let seen = Seen { session: annotation(notes::SESSION), ended: annotation(notes::ENDED) };
    let wished = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
    let status = set.status.as_ref();
    Workspace {
        on: wished > 0,
        settled: status
            .is_some_and(|s| s.observed_generation == set.metadata.generation && s.replicas == wished),
        session: notes::read_session(&seen.session),
        ended: notes::read_ended(&seen.ended),
        profiles: notes::read_profiles(
            set.metadata.annotations.as_ref().and_then(|all| all.get(notes::PROFILES)),
        ),
        version: set.metadata.resource_version.clone().unwrap_or_default(),
        seen,
    }
}

/// A pod, as far as a decision needs it.
#[must_use]
pub fn pod(pod: &v1::Pod) -> Pod {
    Pod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        session: session(pod).map(ToOwned::to_owned),
        has_run: container(pod).is_some_and(|c| {
            let ran = |s: &Option<v1::ContainerState>| {
                s.as_ref().is_some_and(|s| s.running.is_some() || s.terminated.is_some())
            };
            ran(&c.state) || ran(&c.last_state) || c.restart_count > 0
        }),
    }
}

/// What the pod of a session shows; none where there is none.
#[must_use]
pub fn state(pods: &[v1::Pod], of: &Session, now: DateTime<Utc>) -> Option<PodState> {
    let own = pods.iter().find(|pod| session(pod) == Some(&of.id))?;
    Some(diagnose::state(own, of, now))
}

/// The session that a pod was made for.
pub fn session(pod: &v1::Pod) -> Option<&str> {
    pod.metadata.labels.as_ref()?.get(pod::SESSION).map(String::as_str)
}

/// The state of the workspace's container, once there is one.
pub fn container(pod: &v1::Pod) -> Option<&v1::ContainerStatus> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses.iter().find(|c| c.name == CONTAINER)
}

/// Whether the workspace's container runs now.
pub fn runs(pod: &v1::Pod) -> bool {
    container(pod).and_then(|c| c.state.as_ref()).is_some_and(|s| s.running.is_some())
}

/// Since when the workspace's container runs.
pub fn running_since(pod: &v1::Pod) -> Option<DateTime<Utc>> {
    let running = container(pod)?.state.as_ref()?.running.as_ref()?;
    time(running.started_at.as_ref()?)
}

/// A pod's condition of that kind.
pub fn condition<'a>(pod: &'a v1::Pod, kind: &str) -> Option<&'a v1::PodCondition> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|c| c.type_ == kind)
}

/// The node controller's word that the machine under a running pod does not answer: our pods have no probe,
/// so nobody else calls one not ready while its container runs.
pub fn silent(pod: &v1::Pod) -> Option<&v1::PodCondition> {
    condition(pod, "Ready").filter(|c| c.status != "True" && runs(pod))
}

/// Kubernetes' time in ours.
pub fn time(time: &Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.0.as_second(), u32::try_from(time.0.subsec_nanosecond()).ok()?)
}
