//! A workspace's log for people: its own output, without the agent's lines, with a heartbeat and a cursor.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::{
    api::{
        exchange::Bytes,
        problem::{Code, Problem},
    },
    app::Ready,
    cluster::{LogLine, LogWish},
    domain::member::Member,
    pod,
    turn::membership,
};

/// How many lines of the agent there may be between lines of the workspace: a quiet day.
const AGENT_LINES: i64 = 1500;

/// A silent connection is cut by what stands between after some minutes; a line in between keeps it.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// The front end cuts every answer at 230 s: it is ended in order before that.
const LONGEST: Duration = Duration::from_secs(200);

/// What a caller asks of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub follow: bool,
    /// How many lines from the end; all that there are where `since` is given and this is not.
    pub tail: Option<usize>,
    /// A cursor: only what came after it.
    pub since: Option<DateTime<Utc>>,
}

/// The log as bytes, as they come.
///
/// # Errors
/// When there is no workspace, or nothing has run yet.
pub async fn logs(app: &Ready, member: Member, asked: Asked) -> Result<Bytes, Problem> {
    let seen = membership::admitted(app, member).await?;
    let session = seen.current().map(|s| s.id.clone());
    let pods = app.cluster.pods(member).await?;
    let pod =
        pods.iter().filter(|p| p.has_run).max_by_key(|p| p.session == session).ok_or_else(nothing_runs)?;
    let name = pod.name.clone();

    let raw_tail = asked.tail.map(|n| i64::try_from(n).unwrap_or(i64::MAX / 2) + AGENT_LINES);
    let wish = LogWish { follow: false, tail: raw_tail, after: asked.since };
    let lines: Vec<LogLine> =
        app.cluster.log(member, &name, &wish).await?.try_collect().await.map_err(broken)?;
    let last = lines.last().map(|l| l.at).or(asked.since);
    let past = for_people(lines, asked.tail);
    if !asked.follow {
        return Ok(stream::iter(past.into_iter().map(Ok)).boxed());
    }
    let wish = LogWish { follow: true, tail: None, after: last };
    let coming = app.cluster.log(member, &name, &wish).await?.boxed();
    let from = last.unwrap_or_else(|| app.now());
    Ok(stream::iter(past.into_iter().map(Ok)).chain(follow(coming, from)).boxed())
}

fn nothing_runs() -> Problem {
    Problem::new(Code::NotRunning, "there is no log: nothing runs in your workspace")
        .next("Start it, and ask again when its status says that it runs.")
}

fn broken(error: std::io::Error) -> Problem {
    Problem::new(Code::ClusterUnavailable, "the log broke off while it was read")
        .next("Ask again.")
        .cause(error)
}

/// The lines that are the workspace's own, the last `tail` of them.
fn for_people(lines: Vec<LogLine>, tail: Option<usize>) -> Vec<Vec<u8>> {
    let own: Vec<_> = lines.into_iter().filter(|l| !pod::is_ours(&l.text)).map(|l| bytes(&l.text)).collect();
    let skip = tail.map_or(0, |n| own.len().saturating_sub(n));
    own.into_iter().skip(skip).collect()
}

fn bytes(line: &str) -> Vec<u8> {
    format!("{line}\n").into_bytes()
}

struct Following {
    lines: BoxStream<'static, std::io::Result<LogLine>>,
    last: DateTime<Utc>,
    beat: Instant,
    end: Instant,
    ended: bool,
}

/// Lines as they come, a heartbeat while none do, and a cursor as the last line.
fn follow(
    lines: BoxStream<'static, std::io::Result<LogLine>>,
    last: DateTime<Utc>,
) -> impl Stream<Item = std::io::Result<Vec<u8>>> {
    let now = Instant::now();
    let state = Following { lines, last, beat: now + HEARTBEAT, end: now + LONGEST, ended: false };
    stream::unfold(state, |mut state| async move {
        if state.ended {
            return None;
        }
        loop {
            tokio::select! {
                line = state.lines.next() => match line {
                    Some(Ok(line)) => {
                        state.last = line.at;
                        if !pod::is_ours(&line.text) {
                            state.beat = Instant::now() + HEARTBEAT;
                            return Some((Ok(bytes(&line.text)), state));
                        }
                    }
                    // the pod ended or the connection broke: the cursor says where to go on
                    Some(Err(_)) | None => break,
                },
                () = sleep_until(state.beat.min(state.end)) => {
                    let now = Instant::now();
                    if now >= state.end {
                        break;
                    }
                    state.beat = now + HEARTBEAT;
                    let beat = json!({ "dcaas": "heartbeat" }).to_string();
                    return Some((Ok(bytes(&beat)), state));
                }
            }
        }
        state.ended = true;
        let since = state.last.to_rfc3339_opts(SecondsFormat::Nanos, true);
        Some((Ok(bytes(&json!({ "dcaas": "cursor", "since": since }).to_string())), state))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, text: &str) -> LogLine {
        LogLine { at: DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap(), text: text.into() }
    }

    fn text(lines: Vec<Vec<u8>>) -> String {
        String::from_utf8(lines.concat()).unwrap()
    }

    #[test]
    fn people_see_the_last_lines_of_their_own() {
        let all = vec![line(1, "one"), line(2, r#"{"dcaas":1}"#), line(3, "two"), line(4, r#"{"dcaas":1}"#)];
        assert_eq!(text(for_people(all.clone(), None)), "one\ntwo\n");
        assert_eq!(text(for_people(all.clone(), Some(1))), "two\n");
        assert_eq!(text(for_people(all, Some(0))), "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_followed_log_beats_and_ends_with_a_cursor() {
        let lines = stream::iter([Ok(line(1, "one")), Ok(line(2, r#"{"dcaas":1}"#))])
            .chain(stream::pending())
            .boxed();
        let told: Vec<Vec<u8>> = follow(lines, line(0, "").at).map(Result::unwrap).collect().await;
        let told = text(told);
        let told: Vec<&str> = told.lines().collect();
        assert_eq!(told[0], "one");
        let beats = told.iter().filter(|l| l.contains("heartbeat")).count();
        assert_eq!(beats, 9, "every 20 s until 200 s");
        assert_eq!(*told.last().unwrap(), r#"{"dcaas":"cursor","since":"2027-01-15T08:00:02.000000000Z"}"#);
    }

    #[tokio::test]
    async fn a_log_that_breaks_off_still_says_where_to_go_on() {
        let lines = stream::iter([Ok(line(1, "one")), Err(std::io::Error::other("cut"))]).boxed();
        let told: Vec<Vec<u8>> = follow(lines, line(0, "").at).map(Result::unwrap).collect().await;
        assert!(text(told).ends_with("08:00:01.000000000Z\"}\n"));
    }
}
