//! Faults that a gate plays on requests, and the order in which they hit.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A fault, and which requests it hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub party: String,
    /// Only requests with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests whose path and query contain this.
    #[serde(default)]
    pub path: Option<String>,
    /// So many matching requests pass first.
    #[serde(default)]
    pub skip: u32,
    /// So many are hit then; null: all, until the faults are cleared.
    #[serde(default = "once")]
    pub times: Option<u32>,
    pub fault: Kind,
}

/// What happens to a request that is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Kind {
    Word(Word),
    Status(Status),
    Delay(Delay),
}

/// Faults that need no more than their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The connection is closed without an answer; the party never sees the request.
    Cut,
    /// No answer, until the client gives up or the gate stops.
    Hang,
    /// The installation's executable is killed; the party never sees the request.
    KillBefore,
    /// The party answers, the installation's executable is killed, the answer is not passed on.
    KillAfter,
}

/// The gate answers in the party's place, in the party's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub status: u16,
    /// Seconds for the header `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// The request goes on, but later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    pub delay_ms: u64,
}

impl Delay {
    /// As a duration.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

/// The faults that are switched on, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Switches one more on.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Switches all off.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What hits this request, if anything does. Every fault that matches counts the request as passed while
    /// it skips; of those that are through with skipping the oldest hits, and only that one is used up.
    pub fn hit(&mut self, party: &str, method: &str, path: &str) -> Option<Kind> {
        let mut hit = None;
        for fault in self.0.iter_mut().filter(|fault| fault.matches(party, method, path)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if hit.is_none() && fault.times != Some(0) {
                fault.times = fault.times.map(|times| times - 1);
                hit = Some(fault.fault);
            }
        }
        if hit.is_some() {
            self.0.retain(|fault| fault.times != Some(0));
        }
        hit
    }
}

impl Fault {
    fn matches(&self, party: &str, method: &str, path: &str) -> bool {
        self.party == party
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|part| path.contains(part.as_str()))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn once() -> Option<u32> {
    Some(1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fault(text: Value) -> Result<Fault, serde_json::Error> {
        serde_json::from_value(text)
    }

    #[test]
    fn faults_are_read_as_the_control_address_takes_them() {
        for (text, wanted) in [
            (json!("cut"), Kind::Word(Word::Cut)),
            (json!("hang"), Kind::Word(Word::Hang)),
            (json!("kill-before"), Kind::Word(Word::KillBefore)),
            (json!("kill-after"), Kind::Word(Word::KillAfter)),
            (
                json!({"status": 429, "retry_after": 2}),
                Kind::Status(Status { status: 429, retry_after: Some(2) }),
            ),
            (json!({"status": 503}), Kind::Status(Status { status: 503, retry_after: None })),
            (json!({"delay_ms": 50}), Kind::Delay(Delay { delay_ms: 50 })),
        ] {
            let read = fault(json!({"party": "blob", "fault": text})).unwrap();
            assert_eq!((read.fault, read.skip, read.times), (wanted, 0, Some(1)));
        }
        assert_eq!(fault(json!({"party": "blob", "times": null, "fault": "cut"})).unwrap().times, None);
        for wrong in
            [json!("explode"), json!({"status": 429, "retry": 1}), json!({}), json!({"delay_ms": -1})]
        {
            assert!(fault(json!({"party": "blob", "fault": wrong})).is_err(), "{wrong}");
        }
        assert!(fault(json!({"party": "blob", "fault": "cut", "metod": "GET"})).is_err());
    }

    #[test]
    fn a_fault_hits_what_it_names_after_it_skipped_and_as_often_as_it_says() {
        // (the fault, the requests, where it hits)
        let gets = ["GET /a", "GET /a", "GET /a", "GET /a"];
        for (fields, requests, wanted) in [
            (json!({}), gets, "x..."),
            (json!({"skip": 1}), gets, ".x.."),
            (json!({"skip": 1, "times": 2}), gets, ".xx."),
            (json!({"times": null}), gets, "xxxx"),
            (json!({"times": 0}), gets, "...."),
            (json!({"method": "post", "times": null}), ["GET /a", "POST /a", "PUT /a", "POST /b"], ".x.x"),
            (json!({"path": "/b", "times": null}), ["GET /a", "GET /b", "GET /a/b?c", "GET /c?d=/b"], ".xxx"),
            (
                json!({"method": "GET", "path": "b", "skip": 1}),
                ["GET /b", "POST /b", "GET /a", "GET /b"],
                "...x",
            ),
            (json!({"party": "queue", "times": null}), gets, "...."),
        ] {
            let mut text = json!({"party": "blob", "fault": "cut"});
            for (key, value) in fields.as_object().unwrap() {
                text[key] = value.clone();
            }
            let mut faults = Faults::default();
            faults.add(fault(text).unwrap());
            let hit = |request: &str| {
                let (method, path) = request.split_once(' ').unwrap();
                if faults.hit("blob", method, path).is_some() { 'x' } else { '.' }
            };
            assert_eq!(requests.map(hit).iter().collect::<String>(), wanted, "{fields}");
        }
    }

    #[test]
    fn of_two_faults_the_older_hits_first_and_the_other_waits_its_turn() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"party": "blob", "fault": {"status": 503}})).unwrap());
        faults.add(fault(json!({"party": "blob", "fault": {"status": 500}})).unwrap());
        faults.add(fault(json!({"party": "blob", "skip": 2, "fault": "cut"})).unwrap());
        let hits: Vec<_> = (0..4).map(|_| faults.hit("blob", "GET", "/")).collect();
        let status = |status| Some(Kind::Status(Status { status, retry_after: None }));
        assert_eq!(hits, [status(503), status(500), Some(Kind::Word(Word::Cut)), None]);
        faults.add(fault(json!({"party": "blob", "times": null, "fault": "cut"})).unwrap());
        faults.clear();
        assert_eq!(faults.hit("blob", "GET", "/"), None);
    }
}
