//! What the command line reads of the API's answers; what else there is, programs get with `--output json`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::fault::{Fault, UNEXPECTED};

/// The answer of `status`, `start`, `stop` and `keep`.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    pub phase: String,
    pub says: String,
    pub next: Option<String>,
    pub since: Option<DateTime<Utc>>,
    pub usually: Option<String>,
    pub profile: Option<String>,
    pub image: Option<String>,
    pub account: Option<String>,
    pub address: Option<String>,
    pub budget: Option<String>,
    #[serde(default)]
    pub activity: Vec<Signal>,
    pub hold: Option<DateTime<Utc>>,
    #[serde(rename = "signIn")]
    pub sign_in: Option<SignIn>,
    pub life: Option<Life>,
}

/// A code that waits for the person.
#[derive(Clone, Debug, Deserialize)]
pub struct SignIn {
    pub page: String,
    pub code: String,
    pub expires: DateTime<Utc>,
    pub licence: String,
}

/// What one signal says.
#[derive(Clone, Debug, Deserialize)]
pub struct Signal {
    pub signal: String,
    pub state: String,
    pub at: Option<DateTime<Utc>>,
    pub value: Option<String>,
    pub why: Option<String>,
}

/// When and why it ends by itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Life {
    pub ends: DateTime<Utc>,
    pub why: String,
}

/// The answer of `workspaces`.
#[derive(Debug, Deserialize)]
pub struct Workspaces {
    pub brake: Option<Brake>,
    pub people: Vec<Person>,
}

#[derive(Debug, Deserialize)]
pub struct Brake {
    pub says: String,
}

#[derive(Debug, Deserialize)]
pub struct Person {
    pub member: String,
    pub name: Option<String>,
    pub phase: String,
    pub says: String,
    pub since: Option<DateTime<Utc>>,
    pub profile: Option<String>,
}

/// The answer of `usage`.
#[derive(Debug, Deserialize)]
pub struct Usage {
    pub currency: String,
    pub says: String,
    pub members: Vec<MemberUsage>,
}

#[derive(Debug, Deserialize)]
pub struct MemberUsage {
    pub member: String,
    pub profiles: Vec<ProfileUsage>,
    pub budget: Option<Budget>,
}

#[derive(Debug, Deserialize)]
pub struct ProfileUsage {
    pub profile: String,
    pub hours: f64,
    pub cost: f64,
    pub sessions: u32,
}

#[derive(Debug, Deserialize)]
pub struct Budget {
    pub says: String,
}

/// Reads an answer.
pub fn read<T: DeserializeOwned>(body: &Value) -> Result<T, Fault> {
    T::deserialize(body).map_err(|e| {
        Fault::new(UNEXPECTED, format!("dcaas answered what this command line does not know: {e}"))
            .next("It may be of another version: look for a newer command line, or use --output json.")
    })
}

/// A status, whole for programs and read for people.
pub struct Told {
    pub body: Value,
    pub status: Status,
    pub retry_after: Option<std::time::Duration>,
}

impl Told {
    pub fn read(answer: super::client::Answer) -> Result<Self, Fault> {
        let status = read(&answer.body)?;
        Ok(Self { body: answer.body, status, retry_after: answer.retry_after })
    }
}
