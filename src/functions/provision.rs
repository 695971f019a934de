//! Queue `members`: a message says whom to look at; their things are brought to what they should be.

use std::sync::Arc;

use serde::Deserialize;

use crate::{
    api::problem::{Code, Problem},
    app::App,
    domain::member::Member,
    protocol::QueueMessage,
    turn::membership,
};

/// A message: whom to look at, never what to do.
#[derive(Deserialize)]
struct Message {
    v: u32,
    member: String,
}

/// Provisions the member whom the message names.
///
/// # Errors
/// A message that nobody can read, which ends in the poison queue; or what the turn met, and the message comes again.
pub async fn run(app: Arc<App>, message: QueueMessage) -> Result<String, Problem> {
    let app = app.ready()?;
    let member = read(&message.text)?;
    membership::provision(app, member).await?;
    Ok(format!("provisioned {member}"))
}

fn read(text: &str) -> Result<Member, Problem> {
    let unreadable = |why: String| {
        Problem::new(Code::BadRequest, format!("the message can not be read: {why}"))
            .next("Look at it in the poison queue; whoever wrote it is not this version of dcaas.")
    };
    let message: Message = serde_json::from_str(text).map_err(|e| unreadable(e.to_string()))?;
    if message.v != 1 {
        return Err(unreadable(format!("version {} instead of 1", message.v)));
    }
    Member::parse(&message.member).map_err(|e| unreadable(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_member_or_says_what_is_wrong() {
        let oid = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
        let rows = [
            (format!(r#"{{"v":1,"member":"{oid}"}}"#), ""),
            (format!(r#"{{"v":1,"member":"{oid}","after":2}}"#), ""),
            (format!(r#"{{"v":2,"member":"{oid}"}}"#), "version 2"),
            (r#"{"v":1}"#.into(), "missing field `member`"),
            (r#"{"v":1,"member":"ada"}"#.into(), "no object id"),
            ("nonsense".into(), "expected"),
        ];
        for (text, why) in rows {
            match read(&text) {
                Ok(member) => assert_eq!((why, member.to_string().as_str()), ("", oid)),
                Err(problem) => {
                    assert!(!why.is_empty() && problem.detail.contains(why), "{text}: {}", problem.detail)
                }
            }
        }
    }
}
