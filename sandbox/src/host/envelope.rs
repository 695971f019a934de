//! The JSON that the host posts to queue and timer functions, and what it makes of their answers (SOURCES 3).

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// A value as the host encodes it: objects stay, everything else becomes a text that holds its JSON.
pub fn encode(value: &Value) -> Value {
    match value {
        Value::Object(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

/// A time as the host writes it: whole seconds, offset in full.
pub fn time(at: DateTime<Utc>) -> Value {
    Value::String(at.to_rfc3339_opts(SecondsFormat::Secs, false))
}

/// The request's body: the trigger's value and its metadata, with what the host adds.
pub fn request(function: &str, binding: &str, value: Value, mut metadata: Map<String, Value>) -> Value {
    let added = json!({
        "MethodName": function,
        "UtcNow": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true),
        "RandGuid": uuid::Uuid::new_v4(),
    });
    metadata.entry("sys").or_insert(added);
    metadata.retain(|key, value| !key.to_lowercase().ends_with("trigger") && !value.is_null());
    let mut data = Map::new();
    data.insert(binding.to_owned(), value);
    json!({ "Data": data, "Metadata": metadata })
}

/// What a queue message tells besides its body.
#[derive(Debug, Clone)]
pub struct Facts {
    pub id: Option<String>,
    pub pop_receipt: Option<String>,
    pub dequeue_count: u64,
    pub inserted: DateTime<Utc>,
    /// None means never, which .NET writes as the last second of year 9999.
    pub expires: Option<DateTime<Utc>>,
    pub visible: Option<DateTime<Utc>>,
}

/// Value and metadata of a queue message.
pub fn queue(body: &[u8], text: Option<&str>, facts: &Facts) -> (Value, Map<String, Value>) {
    let never = Value::String("9999-12-31T23:59:59+00:00".into());
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".into(), encode(&json!(facts.dequeue_count)));
    metadata.insert("ExpirationTime".into(), facts.expires.map_or(never.clone(), time));
    metadata.insert("InsertionTime".into(), time(facts.inserted));
    metadata.insert("NextVisibleTime".into(), facts.visible.map_or(never, time));
    for (key, value) in [("Id", &facts.id), ("PopReceipt", &facts.pop_receipt)] {
        if let Some(value) = value {
            metadata.insert(key.into(), encode(&json!(value)));
        }
    }
    let Some(text) = text else {
        return (Value::String(BASE64_STANDARD.encode(body)), metadata);
    };
    leak(text, &mut metadata);
    (encode(&json!(text)), metadata)
}

/// A text that is a JSON object leaks its fields into the metadata, over what is there (trap 4).
fn leak(text: &str, metadata: &mut Map<String, Value>) {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) else {
        return;
    };
    for (name, value) in fields {
        let value = match value {
            Value::Array(_) | Value::Null => continue,
            Value::Object(_) => value,
            Value::Bool(true) => encode(&json!("True")),
            Value::Bool(false) => encode(&json!("False")),
            Value::Number(number) => encode(&json!(number.to_string())),
            // the real host writes a text that is a date in another form; nobody should depend on that
            text => encode(&text),
        };
        let there = metadata.keys().find(|there| there.eq_ignore_ascii_case(&name)).cloned();
        metadata.insert(there.unwrap_or(name), value);
    }
}

/// The value of a timer: nested objects, not encoded twice.
pub fn timer(status: Option<&Status>, past_due: bool) -> Value {
    let status =
        status.map(|status| json!({"Last": status.last, "Next": status.next, "LastUpdated": status.updated}));
    json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": status, "IsPastDue": past_due})
}

/// What the host remembers of a timer, in the words of its status blob.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Status {
    pub last: String,
    pub next: String,
    #[serde(rename = "LastUpdated")]
    pub updated: String,
}

/// `DateTime.MinValue`: a timer that never ran.
pub const NEVER_RAN: &str = "0001-01-01T00:00:00+00:00";

/// What an answer means to the host.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Done; the lines go to the function's log.
    Done { logs: Vec<String>, outputs: bool },
    /// The invocation fails, with why.
    Failed(String),
    /// The real host never completes this one (trap 1).
    Hangs,
}

/// Judges a function's answer (SOURCES 3.3).
pub fn judge(status: u16, content_type: Option<&str>, body: &[u8]) -> Outcome {
    if (300..400).contains(&status) {
        // the real host follows a redirect here; nobody should count on that, so nobody played it
        return Outcome::Failed(format!("the executable answered {status}, and redirects are not followed"));
    }
    if !(200..300).contains(&status) {
        return Outcome::Failed(format!("the executable answered {status}"));
    }
    if body.is_empty() {
        return Outcome::Hangs;
    }
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    if media != "application/json" && media != "text/json" {
        return Outcome::Failed(format!(
            "Invalid HttpResponseMessage: its content type is {content_type:?}, not JSON"
        ));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Null) => Outcome::Hangs,
        Ok(Value::Object(fields)) => {
            let field = |name: &str| {
                fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            };
            let logs = field("Logs").and_then(Value::as_array).cloned().unwrap_or_default();
            let logs = logs
                .iter()
                .map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned))
                .collect();
            let full =
                |value: &Value| !value.is_null() && value.as_object().is_none_or(|object| !object.is_empty());
            Outcome::Done {
                logs,
                outputs: [field("Outputs"), field("ReturnValue")].into_iter().flatten().any(full),
            }
        }
        Ok(other) => {
            Outcome::Failed(format!("Invalid HttpResponseMessage: a JSON object is expected, not {other}"))
        }
        Err(error) => Outcome::Failed(format!("Invalid HttpResponseMessage: {error}")),
    }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
