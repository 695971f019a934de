//! JSON bodies of the API.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{situation::Situation, workspace::Session};

/// What `start` reads.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartBody {
    pub profile: Option<String>,
    pub image: Option<String>,
}

/// What a function without a body reads.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

/// What `start`, `stop` and `status` answer.
#[derive(Debug, Serialize)]
pub struct StatusBody {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
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
            address,
        }
    }
}

/// What `health` answers.
#[derive(Debug, Serialize)]
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
