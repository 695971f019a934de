//! GET `/api/logs`: what a member's workspace prints, as it comes if they wish.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    api::{
        exchange::{Content, Reply, Request},
        problem::{Code, Problem},
    },
    app::App,
    turn::{
        door,
        logs::{self, Asked},
    },
};

/// How many lines are told when nobody says how many.
const TAIL: usize = 200;

/// More are too many for one answer.
const MOST: usize = 5000;

/// 200 with plain text.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let asks = door::enter(app, &request, &["follow", "tail", "since"]).await?;
    let asked = asked(&request)?;
    let lines = logs::logs(app, asks.member, asked).await.map_err(|problem| asks.told(problem))?;
    Ok(Reply {
        status: 200,
        content_type: "text/plain; charset=utf-8",
        retry_after: None,
        body: Content::Stream(lines),
    })
}

fn asked(request: &Request) -> Result<Asked, Problem> {
    let bad = |name: &str, expects: &str| {
        Problem::new(Code::BadRequest, format!("'{name}' can not be read"))
            .next(format!("Give '{name}' as {expects}."))
    };
    let follow = match request.parameter("follow")? {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(bad("follow", "true or false")),
    };
    let since =
        match request.parameter("since")? {
            None => None,
            Some(text) => {
                let read: Result<DateTime<Utc>, _> = text.parse();
                Some(read.map_err(|_| {
                    bad("since", "a time such as 2026-11-24T12:00:00.5Z, best the last cursor")
                })?)
            }
        };
    let tail = match request.parameter("tail")? {
        None => since.is_none().then_some(TAIL),
        Some(text) => {
            let read = text.parse().ok().filter(|n| *n <= MOST);
            Some(read.ok_or_else(|| bad("tail", "a number of lines, 5000 at most"))?)
        }
    };
    Ok(Asked { follow, tail, since })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_a_log_is_read() {
        let rows: &[(&[(&str, &str)], Option<(bool, Option<usize>, bool)>)] = &[
            (&[], Some((false, Some(200), false))),
            (&[("follow", "true"), ("tail", "0")], Some((true, Some(0), false))),
            (&[("since", "2026-11-24T12:00:00.123456789Z")], Some((false, None, true))),
            (&[("tail", "5001")], None),
            (&[("tail", "-1")], None),
            (&[("follow", "yes")], None),
            (&[("since", "yesterday")], None),
            (&[("tail", "1"), ("tail", "2")], None),
        ];
        for (query, expected) in rows {
            let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let told = asked(&Request { query, ..Default::default() });
            assert_eq!(told.ok().map(|a| (a.follow, a.tail, a.since.is_some())), *expected);
        }
    }
}
