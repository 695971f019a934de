//! What a workspace's agent says of its use, and the word to it.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod as KubePod;
use serde::de::IgnoredAny;

use crate::{
    cluster::{
        Look,
        json_patch::{add, annotation, json_patch, label, test},
        observe,
        reads::Cluster,
        request::{Error, of},
    },
    domain::{
        idleness::Testimony,
        link::LinkState,
        member::Member,
        workspace::{Pod, Session},
    },
    pod::{self, Line, Notice},
};

const NO_POD: &str = "it has no pod yet";
const NO_LINE: &str = "nothing is heard from it";
const NO_ANSWER: &str = "its machine does not answer";

impl Cluster {
    /// What the agent of a session's pod says: one read of its log.
    ///
    /// # Errors
    /// When the cluster refuses it; a machine that does not answer is silence.
    pub async fn hear(
        &self,
        member: Member,
        session: &Session,
        pods: &[Pod],
        now: DateTime<Utc>,
    ) -> Result<Testimony, Error> {
        let Some(pod) = pods.iter().find(|pod| pod.session.as_ref() == Some(&session.id)) else {
            return Ok(Testimony::Silence { why: NO_POD });
        };
        match self.agent_line_of(member, &pod.name).await {
            Ok(line) => Ok(testimony(line, session, now)),
            Err(Error::Unavailable { .. }) => Ok(Testimony::Silence { why: NO_ANSWER }),
            Err(e) => Err(e),
        }
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
        let there = self.pods.iter().any(|pod| observe::session(pod) == Some(&session.id));
        if !there {
            return Testimony::Silence { why: NO_POD };
        }
        if self.unheard {
            return Testimony::Silence { why: NO_ANSWER };
        }
        testimony(self.line.clone(), session, now)
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
