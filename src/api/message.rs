//! A message of the queue `members`: it says whom to look at, never what to do.

use serde::{Deserialize, Serialize};

use crate::{
    api::problem::{Code, Problem},
    domain::member::Member,
};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Whom to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// One person.
    Member {
        member: Member,
        /// How many looks were made since the notification; Graph may be minutes behind, so some come again.
        after: u8,
        /// The sign-in that this look is for, which ends with it.
        flow: Option<String>,
    },
    /// The whole group, and everybody who has something here.
    Group,
}

#[derive(Deserialize, Serialize)]
struct Wire {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flow: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<bool>,
}

impl Message {
    /// The first look at a person.
    #[must_use]
    pub fn member(member: Member) -> Self {
        Self::Member { member, after: 0, flow: None }
    }

    /// As it stands on the queue.
    ///
    /// # Panics
    /// Never: JSON can say all that a message holds.
    #[must_use]
    pub fn render(&self) -> String {
        let wire = match self {
            Self::Member { member, after, flow } => Wire {
                v: VERSION,
                member: Some(member.to_string()),
                after: flow.is_none().then_some(*after),
                flow: flow.clone(),
                group: None,
            },
            Self::Group => Wire { v: VERSION, member: None, after: None, flow: None, group: Some(true) },
        };
        serde_json::to_string(&wire).expect("a message is JSON")
    }

    /// # Errors
    /// When nobody can read it, with the reason; the host puts it into the poison queue after some tries.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let unreadable = |why: String| {
            Problem::new(Code::BadRequest, format!("the message can not be read: {why}"))
                .next("Look at it in the poison queue; whoever wrote it is not this version of dcaas.")
        };
        let wire: Wire = serde_json::from_str(text).map_err(|e| unreadable(e.to_string()))?;
        if wire.v != VERSION {
            return Err(unreadable(format!("version {} instead of {VERSION}", wire.v)));
        }
        match (wire.member, wire.group) {
            (Some(member), None) => {
                let member = Member::parse(&member).map_err(|e| unreadable(e.to_string()))?;
                Ok(Self::Member { member, after: wire.after.unwrap_or(0), flow: wire.flow })
            }
            (None, Some(true)) => Ok(Self::Group),
            _ => Err(unreadable("it names neither one member nor the group".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let member = Member::parse(OID).unwrap();
        let rows = [
            (Message::member(member), format!(r#"{{"v":1,"member":"{OID}","after":0}}"#)),
            (
                Message::Member { member, after: 2, flow: None },
                format!(r#"{{"v":1,"member":"{OID}","after":2}}"#),
            ),
            (
                Message::Member { member, after: 0, flow: Some("f1".into()) },
                format!(r#"{{"v":1,"member":"{OID}","flow":"f1"}}"#),
            ),
            (Message::Group, r#"{"v":1,"group":true}"#.into()),
        ];
        for (message, text) in rows {
            assert_eq!(message.render(), text);
            assert_eq!(Message::parse(&text).unwrap(), message);
        }
    }

    #[test]
    fn what_can_not_be_read_says_why() {
        let rows = [
            (format!(r#"{{"v":1,"member":"{OID}"}}"#), ""),
            (format!(r#"{{"v":1,"member":"{OID}","written":"by a later one"}}"#), ""),
            (format!(r#"{{"v":2,"member":"{OID}"}}"#), "version 2 instead of 1"),
            (format!(r#"{{"member":"{OID}"}}"#), "missing field `v`"),
            (format!(r#"{{"v":1,"member":"{OID}","group":true}}"#), "neither"),
            (r#"{"v":1}"#.into(), "neither"),
            (r#"{"v":1,"group":false}"#.into(), "neither"),
            (r#"{"v":1,"member":"ada"}"#.into(), "no object id"),
            (format!(r#"{{"v":1,"member":"{OID}","after":-1}}"#), "expected u8"),
            ("nonsense".into(), "expected"),
        ];
        for (text, why) in rows {
            match Message::parse(&text) {
                Ok(_) => assert_eq!(why, "", "{text}"),
                Err(problem) => {
                    assert!(!why.is_empty() && problem.detail.contains(why), "{text}: {}", problem.detail)
                }
            }
        }
    }
}
