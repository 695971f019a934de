//! The log of a workspace; a followed one goes on from the cursor when its stream ends.

use std::{
    io::{self, Write},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use tokio::time::sleep;

use super::{
    client::Api,
    fault::{Fault, UNAVAILABLE, UNEXPECTED, WRONG_STATE},
};

/// So often in a row a stream may break without a line.
const BREAKS: u32 = 12;

/// A line of the stream that is the API's own.
#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Own {
    dcaas: String,
    since: Option<String>,
}

fn own(line: &str) -> Option<Own> {
    line.starts_with("{\"dcaas\":").then(|| serde_json::from_str(line).ok()).flatten()
}

/// Writes the log.
pub async fn logs(api: &Api, tail: u32, follow: bool) -> Result<(), Fault> {
    let tail = tail.to_string();
    let (mut cursor, mut breaks) = (None::<String>, 0);
    loop {
        let query = match (&cursor, follow) {
            (None, false) => vec![("tail", tail.as_str())],
            (None, true) => vec![("tail", tail.as_str()), ("follow", "true")],
            (Some(since), _) => vec![("since", since.as_str()), ("follow", "true")],
        };
        let came = match api.stream("logs", &query).await {
            Ok(answer) => copy(answer).await?,
            // what was followed has ended
            Err(fault) if cursor.is_some() && fault.exit == WRONG_STATE => {
                eprintln!("dcaas: nothing runs any more");
                return Ok(());
            }
            Err(fault) if cursor.is_some() && fault.exit == UNAVAILABLE => Came::default(),
            Err(fault) => return Err(fault),
        };
        if !follow {
            return Ok(());
        }
        breaks = if came.lines > 0 { 0 } else { breaks + 1 };
        match came.cursor {
            Some(since) => {
                // a pod that has ended gives the same cursor at once: no hurry
                if cursor.as_ref() == Some(&since) {
                    sleep(Duration::from_secs(2)).await;
                }
                cursor = Some(since);
            }
            None if breaks >= BREAKS => {
                return Err(Fault::new(UNAVAILABLE, "the log broke off").next("Run the same command again."));
            }
            // broken in the middle: the time of its last word is as good as a cursor, but for clocks that differ
            None => {
                if let Some(at) = came.last {
                    cursor = Some(at.to_rfc3339_opts(SecondsFormat::Millis, true));
                    eprintln!(
                        "dcaas: the log broke off and goes on; around here a line may be missing or come twice"
                    );
                }
                sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

/// What a stream brought.
#[derive(Default)]
struct Came {
    lines: usize,
    cursor: Option<String>,
    /// When it said something last.
    last: Option<DateTime<Utc>>,
}

async fn copy(mut answer: reqwest::Response) -> Result<Came, Fault> {
    let mut came = Came::default();
    let mut rest = Vec::new();
    // a stream that breaks ends here, too: what came of it counts
    while let Ok(Some(chunk)) = answer.chunk().await {
        came.last = Some(Utc::now());
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            take(&line, &mut came)?;
        }
    }
    Ok(came)
}

fn take(line: &[u8], came: &mut Came) -> Result<(), Fault> {
    if let Some(own) = own(String::from_utf8_lossy(line).trim_end()) {
        came.cursor = own.since.or(came.cursor.take());
        return Ok(());
    }
    came.lines += 1;
    let mut out = io::stdout().lock();
    out.write_all(line)
        .and_then(|()| out.flush())
        .map_err(|e| Fault::new(UNEXPECTED, format!("nobody reads: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apis_own_lines_are_told_from_the_workspaces() {
        let rows = [
            (r#"{"dcaas":"heartbeat"}"#, Some(("heartbeat", None))),
            (
                r#"{"dcaas":"cursor","since":"2026-11-24T12:00:00Z"}"#,
                Some(("cursor", Some("2026-11-24T12:00:00Z"))),
            ),
            (r#"{"dcaas":"cursor","more":1}"#, None),
            (r#"{"dcaas":1}"#, None),
            (r#"say {"dcaas":"heartbeat"}"#, None),
            ("", None),
        ];
        for (line, expected) in rows {
            let expected = expected
                .map(|(dcaas, since)| Own { dcaas: dcaas.into(), since: since.map(ToOwned::to_owned) });
            assert_eq!(own(line), expected, "{line}");
        }
    }
}
