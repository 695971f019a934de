//! The workspace's log, line by line, as Kubernetes serves it.

use chrono::{DateTime, Utc};
use futures::{AsyncBufReadExt, Stream, stream};
use k8s_openapi::{api::core::v1::Pod as KubePod, jiff::Timestamp};
use kube::api::LogParams;

use crate::{
    cluster::{
        observe::CONTAINER,
        reads::Cluster,
        request::{Error, build, of},
    },
    domain::member::Member,
};

/// Which part of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogWish {
    pub follow: bool,
    /// How many lines from the end.
    pub tail: Option<i64>,
    /// Only what came after this.
    pub after: Option<DateTime<Utc>>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub at: DateTime<Utc>,
    pub text: String,
}

impl Cluster {
    /// The lines of a pod's log; with `follow`, for as long as the pod lives.
    ///
    /// # Errors
    /// When the log can not be had, for example because the container has not begun.
    pub async fn log(
        &self,
        member: Member,
        pod: &str,
        wish: &LogWish,
    ) -> Result<impl Stream<Item = std::io::Result<LogLine>> + Send + use<>, Error> {
        let params = LogParams {
            container: Some(CONTAINER.to_owned()),
            follow: wish.follow,
            tail_lines: wish.tail,
            // whole seconds: lines of the same second that were seen already are dropped below
            since_time: wish.after.and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
            timestamps: true,
            ..Default::default()
        };
        let request = build(of::<KubePod>(member).logs(pod, &params))?;
        let opened = self.sender.client().request_stream(request).await;
        let reader =
            opened.map_err(|e| Error::Unavailable { why: e.to_string(), again: false, wait: None })?;
        let after = wish.after;
        Ok(stream::try_unfold(Box::pin(reader), move |mut reader| async move {
            loop {
                let mut bytes = Vec::new();
                if reader.read_until(b'\n', &mut bytes).await? == 0 {
                    return Ok(None);
                }
                match parse(&String::from_utf8_lossy(&bytes)) {
                    Some(line) if after.is_none_or(|after| line.at > after) => {
                        return Ok(Some((line, reader)));
                    }
                    _ => {}
                }
            }
        }))
    }
}

/// `2026-11-24T12:00:00.123456789Z text`
fn parse(line: &str) -> Option<LogLine> {
    let (at, text) = line.trim_end_matches(['\n', '\r']).split_once(' ')?;
    Some(LogLine { at: at.parse().ok()?, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_time_and_a_text() {
        let line = parse("2026-11-24T12:00:00.123456789Z hello  world\n").unwrap();
        assert_eq!(line.text, "hello  world");
        assert_eq!(line.at.timestamp_subsec_nanos(), 123_456_789);
        assert_eq!(parse("2026-11-24T12:00:00Z \n").unwrap().text, "");
        assert_eq!(parse("no time here\n"), None);
    }
}
