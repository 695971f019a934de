//! The agent's line: one line of JSON on the container's log, which the control plane reads back.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::activity::{Activity, Evidence};
use crate::domain::idleness::Wish;
use crate::domain::link::{Link, LinkState};

/// What a line of ours begins with; everything else on the log is the workspace's output.
pub const OURS: &str = "{\"dcaas\":";
/// The longest line that is written, and the longest that is believed, without its end of line.
pub const LINE_BYTES: usize = 4096;
/// After so many lines of the workspace's the agent writes its own again, …
pub const LINES_BETWEEN: usize = 400;
/// … so that the last so many lines always hold one.
pub const TAIL_LINES: i64 = 600;

const WHY_BYTES: usize = 300;
const VALUE_BYTES: usize = 64;
const NAME_BYTES: usize = 32;

/// What the agent says about its workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: DateTime<Utc>,
    /// The session that the agent was started for.
    pub session: String,
    pub link: Link,
    pub activity: Activity,
    /// What somebody asked for inside.
    pub hold: Option<Wish>,
    /// Nothing more fits on the home disk.
    pub full: bool,
}

/// Whether a line of the log is ours: the agent's, or a control line of the `logs` function.
pub fn is_ours(line: &str) -> bool {
    line.starts_with(OURS)
}

/// The newest agent's line of a log; a line that can not be read is passed over.
pub fn newest_line(log: &str) -> Option<Line> {
    log.lines().rev().find_map(Line::parse)
}

impl Line {
    /// Reads one line of a log. A workspace can write what it likes there: nothing in it is trusted, fields
    /// that are not known are passed over, and its times may lie in the future ([`Line::not_after`]).
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end_matches('\r');
        if !is_ours(line) || line.len() > LINE_BYTES {
            return None;
        }
        let wire: Wire = serde_json::from_str(line).ok()?;
        (wire.dcaas == 1).then_some(())?;
        let link = wire.link.unwrap_or_default();
        Some(Self {
            at: time(&wire.at)?,
            session: clean(&wire.session, VALUE_BYTES),
            link: Link {
                state: LinkState::parse(&link.state).unwrap_or(LinkState::Unknown),
                since: time(&link.since).or_else(|| time(&wire.at))?,
                why: clean(&link.why, WHY_BYTES),
            },
            activity: Activity { signals: wire.evidence.iter().filter_map(read_evidence).collect() },
            hold: wire.hold.as_ref().and_then(read_wish),
            full: wire.full == Value::Bool(true),
        })
    }

    /// The line as text, without an end of line, never longer than [`LINE_BYTES`]: what does not fit is left out.
    pub fn render(&self) -> String {
        let mut wire = Wire {
            dcaas: 1,
            at: text(self.at),
            session: clean(&self.session, VALUE_BYTES),
            link: Some(WireLink {
                state: self.link.state.name().into(),
                since: text(self.link.since),
                why: clean(&self.link.why, WHY_BYTES),
            }),
            evidence: self.activity.signals.iter().map(write_evidence).collect(),
            hold: self.hold.map(write_wish),
            full: if self.full { Value::Bool(true) } else { Value::Null },
        };
        loop {
            let line = serde_json::to_string(&wire).unwrap_or_default();
            if line.len() <= LINE_BYTES || wire.evidence.pop_last().is_none() {
                return line;
            }
        }
    }

    /// The same line, believed no further than `now`. Until when somebody asked to be kept is for the future and stays:
    /// its cap is the control plane's.
    pub fn not_after(mut self, now: DateTime<Utc>) -> Self {
        self.at = self.at.min(now);
        self.link = self.link.not_after(now);
        self.activity = self.activity.not_after(now);
        self.hold = self.hold.map(|wish| Wish { asked: wish.asked.min(now), ..wish });
        self
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    dcaas: u64,
    at: String,
    #[serde(default)]
    session: String,
    #[serde(default)]
    link: Option<WireLink>,
    #[serde(default)]
    evidence: BTreeMap<String, Value>,
    #[serde(default)]
    hold: Option<Value>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    full: Value,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct WireLink {
    state: String,
    since: String,
    why: String,
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Text that may be shown on a terminal, cut at a character's border.
fn clean(text: &str, bytes: usize) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).take(bytes).collect();
    text.truncate(text.floor_char_boundary(bytes));
    text
}

fn read_wish(value: &Value) -> Option<Wish> {
    let at = |field| value.get(field).and_then(Value::as_str).and_then(time);
    Some(Wish { until: at("until")?, asked: at("asked")? })
}

fn write_wish(wish: Wish) -> Value {
    serde_json::json!({"until": text(wish.until), "asked": text(wish.asked)})
}

fn read_evidence((name, value): (&String, &Value)) -> Option<(String, Evidence)> {
    let named = (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let fields = value.as_object()?;
    let evidence = match (fields.get("unknown"), fields.get("seen")) {
        (Some(why), _) => Evidence::Unknown { why: clean(why.as_str()?, WHY_BYTES) },
        (None, Some(seen)) => Evidence::Seen {
            at: time(seen.as_str()?)?,
            value: match fields.get("value") {
                Some(Value::String(value)) => clean(value, VALUE_BYTES),
                Some(Value::Number(value)) => clean(&value.to_string(), VALUE_BYTES),
                _ => String::new(),
            },
        },
        (None, None) => Evidence::Nothing,
    };
    named.then(|| (name.clone(), evidence))
}

fn write_evidence((name, evidence): (&String, &Evidence)) -> (String, Value) {
    let value = match evidence {
        Evidence::Seen { at, value } => {
            serde_json::json!({"seen": text(*at), "value": clean(value, VALUE_BYTES)})
        }
        Evidence::Unknown { why } => serde_json::json!({"unknown": clean(why, WHY_BYTES)}),
        Evidence::Nothing => serde_json::json!({}),
    };
    (clean(name, NAME_BYTES), value)
}

#[cfg(test)]
mod tests;
