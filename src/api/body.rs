//! JSON bodies of the API.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::problem::{Code, Problem},
    domain::{
        activity::{Activity, Evidence},
        idleness::Watch,
        sign_in::{Pending, Provider},
        situation::Situation,
        workspace::Session,
    },
    plan::{idle::Verdict, sign_in},
};

/// What `start` reads.
#[derive(Debug, Default, JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartBody {
    pub profile: Option<String>,
    pub image: Option<String>,
    pub provider: Option<WireProvider>,
}

/// What `signin` reads.
#[derive(Debug, Default, JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInWish {
    pub provider: Option<WireProvider>,
}

/// Whom to sign in with.
#[derive(Clone, Copy, Debug, JsonSchema, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WireProvider {
    GitHub,
    Microsoft,
}

impl From<WireProvider> for Provider {
    fn from(wire: WireProvider) -> Self {
        match wire {
            WireProvider::GitHub => Self::GitHub,
            WireProvider::Microsoft => Self::Microsoft,
        }
    }
}

/// What `keep` reads: one of both.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepBody {
    pub until: Option<DateTime<Utc>>,
    /// A duration, such as `3h`.
    #[serde(rename = "for")]
    pub length: Option<String>,
}

/// One of both: no derived schema says that.
impl JsonSchema for KeepBody {
    fn schema_name() -> Cow<'static, str> {
        "KeepBody".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |name: &str, other: &str, schema: Value| {
            json!({
                "type": "object", "properties": { name: schema, other: { "type": "null" } }, "required": [name],
                "additionalProperties": false,
            })
        };
        let length = "A duration, such as 3h, 90min or 1h 30min";
        let length = json!({
            "type": "string", "description": length, "pattern": "^(0|[0-9]{1,4}(s|min|h|days?)( ?[0-9]{1,4}(s|min|h|days?))*)$",
        });
        let until = json!({ "type": "string", "format": "date-time" });
        json_schema!({ "oneOf": [one("for", "until", length), one("until", "for", until)] })
    }
}

impl KeepBody {
    /// Until when it is wished for.
    ///
    /// # Errors
    /// When it says neither or both, or no duration.
    pub fn wished(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
        let bad = |detail: &str| {
            Problem::new(Code::BadRequest, detail)
                .next(r#"Send {"for": "3h"}, or {"until": "2026-11-24T20:00:00Z"}."#)
        };
        match (self.until, &self.length) {
            (Some(until), None) => Ok(until),
            (None, Some(text)) => humantime::parse_duration(text)
                .ok()
                .and_then(|length| now.checked_add_signed(TimeDelta::from_std(length).ok()?))
                .ok_or_else(|| bad(&format!("'{text}' is no duration"))),
            _ => Err(bad("the body has to say either 'for' or 'until'")),
        }
    }
}

/// What a function without a body reads.
#[derive(Debug, Default, JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

/// What `start`, `stop` and `status` answer.
#[derive(Debug, JsonSchema, Serialize)]
pub struct StatusBody {
    #[schemars(extend("enum" = ["stopped", "sign-in", "starting", "running", "stopping", "failed"]))]
    pub phase: &'static str,
    pub says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usually: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The account that the tunnel is signed in with: an editor needs the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What is said of the month's budget, once it is near its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
    /// What the workspace does, signal by signal, while its agent is heard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub activity: Vec<SignalBody>,
    /// Until when the member asked inside to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    #[serde(rename = "signIn", skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInBody>,
    /// When and why it ends by itself; only while it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life: Option<LifeBody>,
}

/// What would become of a workspace now, if nobody did anything.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LifeBody {
    /// `keep` or `stop`.
    pub verdict: &'static str,
    /// When the sweep stops it: what it announced, or what follows from what is known now.
    pub ends: String,
    pub why: String,
    /// When people were warned; null where they were not.
    pub warned: Option<String>,
    /// Until when a member asked for it to be kept.
    pub keep: Option<String>,
    /// When the sweep looks again; null: at its next turn.
    pub look: Option<String>,
}

impl LifeBody {
    /// Of a judgement of now, and of what the sweep has noted.
    #[must_use]
    pub fn new(verdict: Verdict, watch: &Watch, warn_before: TimeDelta, now: DateTime<Utc>) -> Self {
        let announced = watch.look.filter(|_| watch.warned.is_some());
        let (word, ends, why) = match verdict {
            Verdict::Keep { until, why } => ("keep", until, why),
            Verdict::Stop { why } => ("stop", announced.unwrap_or(now + warn_before), why),
        };
        Self {
            verdict: word,
            ends: rfc3339(ends),
            why,
            warned: watch.warned.map(rfc3339),
            keep: watch.keep.map(rfc3339),
            look: watch.look.map(rfc3339),
        }
    }

    /// What the warning says; none where nobody was warned, or where it will not be stopped then any more.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let stop = self.warned.as_ref().and(self.look.as_ref())?;
        (self.verdict == "stop" || self.ends <= *stop)
            .then(|| format!("It will be stopped at {stop}: {}.", self.why))
    }
}

/// What one signal says.
#[derive(Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SignalBody {
    pub signal: String,
    /// `seen`, `nothing` (read, and not seen since the start) or `unknown`.
    pub state: &'static str,
    /// When use was seen last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The value of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl SignalBody {
    fn new((signal, evidence): (&String, &Evidence)) -> Self {
        let (state, at, value, why) = match evidence {
            Evidence::Seen { at, value } => ("seen", Some(rfc3339(*at)), Some(value.clone()), None),
            Evidence::Nothing => ("nothing", None, None, None),
            Evidence::Unknown { why } => ("unknown", None, None, Some(why.clone())),
        };
        Self { signal: signal.clone(), state, at, value, why }
    }
}

/// A sign-in that waits for the person.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SignInBody {
    pub provider: &'static str,
    pub says: String,
    pub next: Option<String>,
    pub page: String,
    pub code: String,
    pub expires: String,
    /// What a person agrees to by it.
    pub licence: &'static str,
}

/// The sentence of VS Code's own CLI at its first start.
const LICENCE: &str = "By using the software, you agree to the Visual Studio Code Server License Terms \
    (https://aka.ms/vscode-server-license) and the Microsoft Privacy Statement \
    (https://privacy.microsoft.com/en-US/privacystatement).";

impl SignInBody {
    #[must_use]
    pub fn new(pending: &Pending, now: DateTime<Utc>) -> Self {
        let Situation { says, next, .. } = sign_in::waits(pending, false, now, now);
        Self {
            provider: pending.provider.word(),
            says,
            next,
            page: pending.page.clone(),
            code: pending.user_code.reveal().to_owned(),
            expires: rfc3339(pending.expires),
            licence: LICENCE,
        }
    }
}

impl StatusBody {
    #[must_use]
    pub fn new(situation: Situation, session: Option<&Session>, address: Option<String>) -> Self {
        Self {
            phase: situation.phase.word(),
            says: situation.says,
            next: situation.next,
            since: situation.since.map(rfc3339),
            usually: situation.usually,
            profile: session.map(|s| s.profile.clone()),
            image: session.map(|s| s.image.clone()),
            session: session.map(|s| s.id.clone()),
            account: session.and_then(|s| s.account.clone()),
            address,
            budget: None,
            activity: Vec::new(),
            hold: None,
            sign_in: None,
            life: None,
        }
    }

    /// With what the agent says about use.
    #[must_use]
    pub fn with_activity(mut self, activity: &Activity, hold: Option<DateTime<Utc>>) -> Self {
        self.activity = activity.signals.iter().map(SignalBody::new).collect();
        self.hold = hold.map(rfc3339);
        self
    }
}

/// What `health` answers.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HealthBody {
    pub healthy: bool,
    pub version: &'static str,
    /// When the group was last compared with the cluster; null before the first time, or when the cluster can not tell.
    pub compared: Option<String>,
    pub faults: Vec<String>,
}

/// A time as the API writes it: UTC, whole seconds.
#[must_use]
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_has_its_state_and_nothing_that_it_does_not_have() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let signals = [
            ("cpu", Evidence::Seen { at, value: "0.98 cores".into() }),
            ("gpu", Evidence::Unknown { why: "no driver".into() }),
            ("terminal", Evidence::Nothing),
        ];
        let activity = Activity { signals: signals.map(|(name, e)| (name.to_owned(), e)).into() };
        let body: Vec<_> = activity.signals.iter().map(SignalBody::new).collect();
        let expected = json!([
            { "signal": "cpu", "state": "seen", "at": "2027-01-15T08:00:00Z", "value": "0.98 cores" },
            { "signal": "gpu", "state": "unknown", "why": "no driver" },
            { "signal": "terminal", "state": "nothing" },
        ]);
        assert_eq!(serde_json::to_value(body).unwrap(), expected);
    }
}
