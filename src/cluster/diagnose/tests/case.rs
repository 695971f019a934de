//! A row: a look built step by step, and what is expected of it. Times are seconds before now.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    cluster::{Look, Residence, Run, diagnose::diagnose},
    domain::{
        activity::Activity,
        link::{Link, LinkState},
        member::Member,
        situation::{Phase, Situation},
        workspace::{Ended, Seen, Session, Workspace},
    },
    pod::Line,
};

pub const IMAGE: &str = "ours.azurecr.io/team/cuda:12";
const UID: &str = "0b1f8c52-new";

/// A row of a table of tests.
pub struct Case {
    pub name: &'static str,
    pub pods: Vec<Value>,
    pub events: Vec<Value>,
    started: Option<i64>,
    ended: Option<(Option<i64>, &'static str)>,
    settled: bool,
    line: Option<Line>,
    unheard: bool,
    expected: (Phase, &'static str, &'static str),
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

pub fn stamp(seconds: i64) -> String {
    ago(seconds).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn member() -> Member {
    Member::parse("11111111-2222-4333-8444-555555555555").unwrap()
}

/// A workspace that was started two minutes ago and has no pod.
pub fn case(name: &'static str) -> Case {
    Case {
        name,
        pods: vec![],
        events: vec![],
        started: Some(120),
        ended: None,
        settled: true,
        line: None,
        unheard: false,
        expected: (Phase::Absent, "", ""),
    }
}

impl Case {
    pub fn pod(mut self, session: &str, status: Value) -> Self {
        let uid = if session == "new" { UID } else { "5c0de-old" };
        self.pods.push(json!({
            "metadata": { "name": "workspace-0", "uid": uid, "labels": { "dcaas.dev/session": session }, "creationTimestamp": stamp(118) },
            "spec": { "containers": [] },
            "status": status,
        }));
        self
    }

    pub fn container(mut self, name: &str, state: Value, last: Value) -> Self {
        let key = if name == "install" { "initContainerStatuses" } else { "containerStatuses" };
        let image = if name == "install" { "ours.azurecr.io/dcaas/platform:1" } else { IMAGE };
        self.pods[0]["status"][key] = json!([{ "name": name, "image": image, "imageID": "", "ready": false,
            "restartCount": 0, "state": state, "lastState": last }]);
        self
    }

    pub fn waits(self, name: &str, reason: &str, message: &str) -> Self {
        let state = json!({ "waiting": { "reason": reason, "message": message } });
        self.container(name, state, json!({}))
    }

    pub fn ready(self, status: &str, at: i64) -> Self {
        self.condition(super::make::condition("Ready", status, "", at))
    }

    pub fn condition(mut self, new: Value) -> Self {
        let all = self.pods[0]["status"]["conditions"].as_array_mut().unwrap();
        all.retain(|c| c["type"] != new["type"]);
        all.push(new);
        self
    }

    /// The pod as a kubelet leaves it that turned it away or put it out.
    pub fn pod_failed(mut self, reason: &str, message: &str) -> Self {
        let status = &mut self.pods[0]["status"];
        status["phase"] = json!("Failed");
        status["reason"] = json!(reason);
        status["message"] = json!(message);
        self
    }

    /// Somebody deleted the pod; it should be gone by then.
    pub fn deleted(mut self, due: i64) -> Self {
        self.pods[0]["metadata"]["deletionTimestamp"] = json!(stamp(due));
        self
    }

    /// An event of the pod, 10 seconds ago for the first time.
    pub fn event(self, reason: &str, message: &str) -> Self {
        self.event_at(10, 10, reason, message)
    }

    pub fn event_at(mut self, first: i64, last: i64, reason: &str, message: &str) -> Self {
        self.events.push(json!({ "metadata": {}, "reason": reason, "message": message,
            "involvedObject": { "kind": "Pod", "name": "workspace-0", "uid": UID, "fieldPath": "" },
            "firstTimestamp": stamp(first), "lastTimestamp": stamp(last) }));
        self
    }

    /// The last event is of something else: a field of the pod, or another object.
    pub fn of(mut self, field: &str, value: Value) -> Self {
        self.events.last_mut().unwrap()["involvedObject"][field] = value;
        self
    }

    /// An event as `events.k8s.io` has it: no first, no last, but a series.
    pub fn scheduler(mut self, first: i64, last: i64, message: &str) -> Self {
        let micro = |at: i64| ago(at).to_rfc3339_opts(SecondsFormat::Micros, true);
        self.events.push(json!({ "metadata": {}, "reason": "FailedScheduling", "message": message,
            "involvedObject": { "kind": "Pod", "name": "workspace-0", "uid": UID },
            "eventTime": micro(first), "series": { "count": 9, "lastObservedTime": micro(last) } }));
        self
    }

    pub fn started(mut self, at: Option<i64>) -> Self {
        self.started = at;
        self
    }

    pub fn off(mut self, at: Option<i64>, why: &'static str) -> Self {
        self.ended = Some((at, why));
        self
    }

    pub fn unsettled(mut self) -> Self {
        self.settled = false;
        self
    }

    /// The agent's line, written `at` and linked like that `since`.
    pub fn line(mut self, at: i64, state: LinkState, since: i64, why: &str) -> Self {
        self.line = Some(Line {
            at: ago(at),
            session: "new".into(),
            link: Link::new(state, ago(since), why),
            activity: Activity::default(),
            hold: None,
            full: false,
        });
        self
    }

    /// The agent says that the home disk is full.
    pub fn full(mut self) -> Self {
        self.line = self.line.map(|line| Line { full: true, ..line });
        self
    }

    /// The machine says of each GPU that the container has how it is.
    pub fn gpus(mut self, health: &[&str]) -> Self {
        let device =
            |(n, health): (usize, &&str)| json!({ "resourceID": format!("GPU-{n}"), "health": health });
        let devices: Vec<Value> = health.iter().enumerate().map(device).collect();
        self.pods[0]["status"]["containerStatuses"][0]["allocatedResourcesStatus"] =
            json!([{ "name": "nvidia.com/gpu", "resources": devices }]);
        self
    }

    /// The machine does not give the log.
    pub fn unheard(mut self) -> Self {
        self.unheard = true;
        self
    }

    pub fn expect(mut self, phase: Phase, says: &'static str, next: &'static str) -> Self {
        self.expected = (phase, says, next);
        self
    }

    pub fn fails(self, says: &'static str, next: &'static str) -> Self {
        self.expect(Phase::Failed, says, next)
    }

    pub fn starts(self, says: &'static str, next: &'static str) -> Self {
        self.expect(Phase::Starting, says, next)
    }

    pub fn session(&self) -> Session {
        Session {
            id: "new".into(),
            asked: ago(121),
            started: self.started.map(ago),
            waits: None,
            account: None,
            watch: crate::domain::idleness::Watch::default(),
            by: member(),
            profile: "steady".into(),
            image: IMAGE.into(),
        }
    }

    fn end(&self) -> Option<Ended> {
        self.ended.map(|(at, why)| Ended { at: at.map(ago), by: None, why: why.into(), recorded: false })
    }

    /// The same, as lists tell it.
    pub fn residence(&self) -> Residence {
        Residence {
            member: member(),
            name: None,
            left: None,
            ending: false,
            workspace: Some(Run { session: Some(self.session()), ended: self.end() }),
            pods: serde_json::from_value(Value::Array(self.pods.clone())).unwrap(),
        }
    }

    pub fn situation(&self) -> Situation {
        let read = |all: &[Value]| Value::Array(all.to_vec());
        let look = Look {
            workspace: Workspace {
                on: self.ended.is_none(),
                settled: self.settled,
                session: Some(self.session()),
                ended: self.end(),
                seen: Seen { session: String::new(), ended: String::new() },
                profiles: None,
                version: String::new(),
            },
            pods: serde_json::from_value(read(&self.pods)).unwrap(),
            events: serde_json::from_value(read(&self.events)).unwrap(),
            line: self.line.clone(),
            unheard: self.unheard,
        };
        diagnose(Some(&look), now())
    }

    /// Fails with the row's name unless phase, sentence and next step are as expected; an empty next step
    /// means that there is none.
    pub fn check(&self) {
        let found = self.situation();
        let (phase, says, next) = self.expected;
        let step = found.next.as_deref().unwrap_or_default();
        let well = found.phase == phase
            && found.says.contains(says)
            && if next.is_empty() { step.is_empty() } else { step.contains(next) };
        assert!(well, "{}: expected {phase:?}, '{says}', '{next}', found {found:#?}", self.name);
    }
}
