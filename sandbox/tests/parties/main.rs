//! The world's parties, each asked over the wire as the program and the other parts ask them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod azurite;
mod costs;
mod devices;
mod entra;
mod gate;
mod github;
mod identity;
mod process;

use std::time::Duration;

use reqwest::{Client, Response};
use sandbox::certificates::Authority;
use serde_json::Value;

/// How long anything may take. Not a measurement: tests assert no speed.
const PATIENCE: Duration = Duration::from_secs(180);

/// An authority, and a client that trusts it.
fn trust() -> (Authority, Client) {
    let ca = Authority::new().unwrap();
    let client = ca.client().unwrap();
    (ca, client)
}

/// The status and the JSON of an answer.
async fn read(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}
