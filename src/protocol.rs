//! The Functions host's envelope: what a queue or timer invocation looks like, and what it wants back.
//!
//! Strings come JSON-encoded twice (host source, `HttpScriptInvocationContextExtensions`), although the
//! published example shows them once; a queue binding with `dataType: binary` comes as base64. All are read.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// A message of a queue, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMessage {
    pub text: String,
    /// How often it was handed out; 1 at first.
    pub dequeued: u64,
}

/// Reads the message that is bound as `message`.
///
/// # Errors
/// A sentence, when the body is no envelope with such a message.
pub fn queue_message(body: &[u8]) -> Result<QueueMessage, String> {
    let envelope: Value =
        serde_json::from_slice(body).map_err(|e| format!("the envelope is no JSON: {e}"))?;
    let bound = &envelope["Data"]["message"];
    let text = match bound {
        Value::String(text) => once_more(text),
        Value::Object(_) => bound.to_string(),
        _ => return Err("the envelope holds no Data.message".to_owned()),
    };
    let dequeued = match &envelope["Metadata"]["DequeueCount"] {
        Value::String(count) => count.trim_matches('"').parse().unwrap_or(1),
        Value::Number(count) => count.as_u64().unwrap_or(1),
        _ => 1,
    };
    Ok(QueueMessage { text, dequeued })
}

fn once_more(text: &str) -> String {
    if let Ok(Value::String(inner)) = serde_json::from_str(text) {
        return inner;
    }
    // our messages begin with a brace, which no base64 text does
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.unwrap_or_else(|| text.to_owned())
}

/// Reads a timer's invocation. When it is due or was missed makes no difference to us: a turn looks at what is.
///
/// # Errors
/// A sentence, when the body is no envelope with a timer.
pub fn timer(body: &[u8]) -> Result<(), String> {
    let envelope: Value =
        serde_json::from_slice(body).map_err(|e| format!("the envelope is no JSON: {e}"))?;
    if envelope["Data"]["timer"].is_object() {
        Ok(())
    } else {
        Err("the envelope holds no Data.timer".to_owned())
    }
}

/// The answer that completes an invocation; an empty body would leave it hanging until the host kills us.
#[must_use]
pub fn done(logs: &[String]) -> Value {
    json!({ "Outputs": {}, "Logs": logs, "ReturnValue": null })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_in_every_encoding_that_hosts_use() {
        let text = r#"{"v":1,"member":"x"}"#;
        let twice =
            json!({"Data":{"message": serde_json::to_string(text).unwrap()},"Metadata":{"DequeueCount":"3"}});
        let once = json!({"Data":{"message": text},"Metadata":{"DequeueCount":2}});
        let base64 = json!({"Data":{"message": STANDARD.encode(text)},"Metadata":{}});
        let object = json!({"Data":{"message": {"v":1,"member":"x"}},"Metadata":{}});
        for (envelope, dequeued) in [(twice, 3), (once, 2), (base64, 1), (object, 1)] {
            let read = queue_message(envelope.to_string().as_bytes()).unwrap();
            let json: Value = serde_json::from_str(&read.text).unwrap();
            assert_eq!(json["member"], "x", "{envelope}");
            assert_eq!(read.dequeued, dequeued, "{envelope}");
        }
    }

    #[test]
    fn a_timer_is_known_by_its_binding() {
        let status =
            json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": true });
        timer(json!({ "Data": { "timer": status }, "Metadata": {} }).to_string().as_bytes()).unwrap();
    }

    #[test]
    fn what_is_no_envelope_says_so() {
        for body in ["", "{", "{}", r#"{"Data":{}}"#, r#"{"Data":{"message":7}}"#] {
            assert!(queue_message(body.as_bytes()).is_err(), "{body}");
            assert!(timer(body.as_bytes()).is_err(), "{body}");
        }
    }
}
