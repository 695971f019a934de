//! What Graph posts when the group changes: read leniently, believed only with our secret in it.

use std::collections::HashSet;

use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::{api::message::Message, domain::member::Member};

/// What a notification has to carry to be believed.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub client_state: &'a str,
    pub tenant: &'a str,
}

/// What a batch of notifications comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Whom to look at, each once, in the order of their first mention.
    pub messages: Vec<Message>,
    /// What was not understood, for the log. Never a part of the secret, nor anything of a forger's making.
    pub odd: Vec<String>,
    /// How many notifications did not carry the secret, or came for another tenant.
    pub forged: usize,
}

/// Reads a batch. Whatever carries our secret is worth a look, however little of it is understood: at the
/// people that it names, or at the whole group.
#[must_use]
pub fn read(body: &[u8], expected: Expected<'_>) -> Batch {
    let mut batch = Batch::default();
    let items = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut object)) => object.remove("value"),
        Ok(_) => None,
        Err(e) => {
            batch.odd.push(format!("the body is no JSON: {e}"));
            return batch;
        }
    };
    let Some(Value::Array(items)) = items else {
        batch.odd.push("the body holds no list of notifications".to_owned());
        return batch;
    };
    let mut seen = HashSet::new();
    for item in &items {
        if !is_genuine(item, expected) {
            batch.forged += 1;
            continue;
        }
        let messages = look(item, &mut batch.odd);
        batch.messages.extend(messages.into_iter().filter(|message| seen.insert(message.clone())));
    }
    batch
}

/// Whether Graph sent it: who does not know the secret learns nothing from how long the comparison takes.
fn is_genuine(item: &Value, expected: Expected<'_>) -> bool {
    let state = item["clientState"].as_str().unwrap_or_default();
    let ours = bool::from(state.as_bytes().ct_eq(expected.client_state.as_bytes()));
    let tenant = match &item["tenantId"] {
        Value::Null => true,
        Value::String(tenant) => tenant.eq_ignore_ascii_case(expected.tenant),
        _ => false,
    };
    ours && tenant
}

/// Whom a notification is about.
fn look(item: &Value, odd: &mut Vec<String>) -> Vec<Message> {
    if let Some(event) = item["lifecycleEvent"].as_str() {
        if !["reauthorizationRequired", "subscriptionRemoved", "missed"].contains(&event) {
            odd.push(format!("an unknown lifecycle event {}", clip(event)));
        }
        return vec![Message::Group];
    }
    match item["changeType"].as_str() {
        Some(change) if change.eq_ignore_ascii_case("updated") => {}
        Some(change) if change.eq_ignore_ascii_case("deleted") => return vec![Message::Group],
        other => {
            odd.push(format!("an unknown change {}", clip(other.unwrap_or("without a type"))));
            return vec![Message::Group];
        }
    }
    match &item["resourceData"]["members@delta"] {
        Value::Array(named) if !named.is_empty() => named.iter().map(|one| person(one, odd)).collect(),
        Value::Array(_) | Value::Null => vec![Message::Group],
        _ => {
            odd.push("members@delta is no list".to_owned());
            vec![Message::Group]
        }
    }
}

/// One entry of `members@delta`, added or removed: who it is counts, not what became of them.
fn person(entry: &Value, odd: &mut Vec<String>) -> Message {
    let is_user = match entry["@odata.type"].as_str() {
        // Graph leaves the type out at times, and writes it in more than one way
        None => true,
        Some(kind) => kind.to_lowercase().ends_with(".user"),
    };
    match entry["id"].as_str().map(Member::parse) {
        Some(Ok(member)) if is_user => Message::member(member),
        Some(Ok(_)) => Message::Group,
        _ => {
            odd.push("an entry of members@delta without an object id".to_owned());
            Message::Group
        }
    }
}

fn clip(text: &str) -> String {
    format!("'{}'", text.chars().take(40).flat_map(char::escape_default).collect::<String>())
}
