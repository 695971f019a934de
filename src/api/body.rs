//! JSON bodies of the API.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        sign_in::{Pending, Provider},
        situation::Situation,
        workspace::Session,
    },
    plan::sign_in,
};

/// What `start` reads.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartBody {
    pub profile: Option<String>,
    pub image: Option<String>,
    pub provider: Option<WireProvider>,
}

/// What `signin` reads.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInWish {
    pub provider: Option<WireProvider>,
}

/// Whom to sign in with.
#[derive(Clone, Copy, Debug, Deserialize)]
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
    /// The account that the tunnel is signed in with: an editor needs the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(rename = "signIn", skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInBody>,
}

/// A sign-in that waits for the person.
#[derive(Debug, Serialize)]
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
            sign_in: None,
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
