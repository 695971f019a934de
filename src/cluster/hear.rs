//! What a workspace's agent says of its use, and the word to it.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod as KubePod;
use serde::de::IgnoredAny;

use crate::{
    cluster::{
        Look, diagnose,
        json_patch::{add, annotation, json_patch, label, test},
        observe,
        reads::Cluster,
        request::{Error, of},
    },
    domain::{
        idleness::Testimony,
        link::LinkState,
        member::Member,
        workspace::{Occupancy, Pod, PodState, Session},
    },
    pod::{self, Line, Notice},
};

const NO_POD: &str = "it has no pod yet";
const NO_LINE: &str = "nothing is heard from it";
const NO_ANSWER: &str = "its machine does not answer";

impl Cluster {
    /// What a session's pod shows and its agent says: one read of its log, where the pod runs.
    ///
    /// # Errors
    /// When the cluster refuses it; a machine that does not answer is silence.
    pub async fn hear(
        &self,
        member: Member,
        session: &Session,
        pods: &[Pod],
        state: Option<&PodState>,
        now: DateTime<Utc>,
    ) -> Result<Testimony, Error> {
        let pod = pods.iter().find(|pod| pod.session.as_ref() == Some(&session.id));
        let (Some(pod), Some(state)) = (pod, state) else {
            return Ok(Testimony::Silence { why: NO_POD });
        };
        if let Some(shown) = shown(state) {
            return Ok(shown);
        }
        match self.agent_line_of(member, &pod.name).await {
            Ok(line) => Ok(testimony(line, session, now)),
            Err(Error::Unavailable { .. }) => Ok(Testimony::Silence { why: NO_ANSWER }),
            Err(e) => Err(e),
        }
    }

    /// The same once more, with what the pod shows by now.
    ///
    /// # Errors
    /// When the cluster refuses it.
    pub async fn hear_again(
        &self,
        seen: &Occupancy,
        session: &Session,
        now: DateTime<Utc>,
    ) -> Result<Testimony, Error> {
        let Occupancy { member, pods, state, .. } = seen;
        if state == &Some(PodState::Runs) {
            return self.hear(*member, session, pods, state.as_ref(), now).await;
        }
        // what runs says so itself; what did not may have begun since
        let mut pods = self.kube_pods(*member).await?;
        pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        let state = observe::state(&pods, session, now);
        let pods: Vec<Pod> = pods.iter().map(observe::pod).collect();
        self.hear(*member, session, &pods, state.as_ref(), now).await
    }

    /// Tells the agent of a session's pod something; whether there was such a pod.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn notify(
        &self,
        member: Member,
        session: &Session,
        pods: &[Pod],
        notice: &Notice,
    ) -> Result<bool, Error> {
        let Some(pod) = pods.iter().find(|pod| pod.session.as_ref() == Some(&session.id)) else {
            return Ok(false);
        };
        let ops =
            vec![test(&label(pod::SESSION), &session.id), add(&annotation(pod::NOTICE), notice.render())];
        let request = json_patch(&of::<KubePod>(member), &pod.name, ops)?;
        match self.sender.send::<IgnoredAny>(request).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound | Error::Changed) => Ok(false),
            Err(e) => Err(e),
        }
    }
}

impl Look {
    /// What this look tells of the use of the session that runs.
    #[must_use]
    pub fn testimony(&self, session: &Session, now: DateTime<Utc>) -> Testimony {
        let pod = self.pods.iter().find(|pod| observe::session(pod) == Some(&session.id));
        let Some(pod) = pod.filter(|pod| pod.metadata.deletion_timestamp.is_none()) else {
            return Testimony::Silence { why: NO_POD };
        };
        if let Some(shown) = shown(&diagnose::state(pod, session, now)) {
            return shown;
        }
        if self.unheard {
            return Testimony::Silence { why: NO_ANSWER };
        }
        testimony(self.line.clone(), session, now)
    }
}

/// What needs no word of the agent's.
fn shown(state: &PodState) -> Option<Testimony> {
    match state {
        PodState::Runs => None,
        PodState::Unreachable => Some(Testimony::Silence { why: NO_ANSWER }),
        PodState::Halted { why } => Some(Testimony::Halted { why: why.clone() }),
        PodState::Unplaced => Some(Testimony::Unplaced),
    }
}

fn testimony(line: Option<Line>, session: &Session, now: DateTime<Utc>) -> Testimony {
    // a line can be forged and clocks differ: no later than now
    let line = line.filter(|line| line.session == session.id).map(|line| line.not_after(now));
    line.map_or(Testimony::Silence { why: NO_LINE }, |line| Testimony::Heard {
        at: line.at,
        connected: (line.link.state == LinkState::Connected).then_some(line.link.since),
        activity: line.activity,
        hold: line.hold,
    })
}
