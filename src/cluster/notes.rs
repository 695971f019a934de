//! The annotations of a StatefulSet that hold a session and how it ended.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    idleness::Watch,
    member::Member,
    membership::Left,
    workspace::{Ended, EndedBy, Session},
};

/// The annotation with the session; the same word is the label of its pods.
pub const SESSION: &str = "dcaas.dev/session";
/// The annotation that says how the session ended; empty while it runs or waits.
pub const ENDED: &str = "dcaas.dev/ended";
/// The annotation that says in a word what the bounds around the member came to when they were applied last.
pub const BOUNDS: &str = "dcaas.dev/bounds";
/// The annotation with the profiles that the member may start; missing means all.
pub const PROFILES: &str = "dcaas.dev/profiles";

/// The annotation of a namespace whose member left the group.
pub const LEFT: &str = "dcaas.dev/left";
/// The annotation of a namespace with what Graph calls the member: to read, and nobody's key.
pub const NAME: &str = "dcaas.dev/name";

/// What a workspace that was never started says.
pub const NEVER_STARTED: &str = r#"{"why":"never started","recorded":true}"#;

#[derive(Deserialize, Serialize)]
struct SessionNote {
    v: u32,
    id: String,
    asked: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<DateTime<Utc>>,
    by: String,
    profile: String,
    image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    look: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warned: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Deserialize, Serialize)]
struct EndedNote {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    why: String,
    #[serde(default)]
    recorded: bool,
}

#[derive(Deserialize, Serialize)]
struct LeftNote {
    at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    confirmed: bool,
}

/// That somebody left, as it is written.
///
/// # Panics
/// Never: the note holds only what JSON can say.
pub fn write_left(left: Left) -> String {
    serde_json::to_string(&LeftNote { at: left.at, confirmed: left.confirmed }).expect("a note is JSON")
}

/// That somebody left, as it is read. A text that is not ours does not count: leaving writes it anew.
pub fn read_left(text: &str) -> Option<Left> {
    let note: LeftNote = serde_json::from_str(text).ok()?;
    Some(Left { at: note.at, confirmed: note.confirmed })
}

/// The profiles that a member may start, as they are written: names, with commas between them.
pub fn write_profiles(open: &[String]) -> String {
    open.join(",")
}

/// The profiles as they are read; none means all.
pub fn read_profiles(text: Option<&String>) -> Option<Vec<String>> {
    let names = text?.split(',').map(|name| name.trim().to_owned());
    Some(names.filter(|name| !name.is_empty()).collect())
}

/// A session as it is written.
///
/// # Panics
/// Never: the note holds only what JSON can say.
pub fn write_session(session: &Session) -> String {
    let note = SessionNote {
        v: 1,
        id: session.id.clone(),
        asked: session.asked,
        started: session.started,
        by: session.by.to_string(),
        profile: session.profile.clone(),
        image: session.image.clone(),
        waits: session.waits.clone(),
        account: session.account.clone(),
        keep: session.watch.keep,
        look: session.watch.look,
        warned: session.watch.warned,
        unknown: session.watch.unknown,
        why: session.watch.why.clone(),
    };
    serde_json::to_string(&note).expect("a note is JSON")
}

/// A session as it is read; none where the text is empty or not ours.
pub fn read_session(text: &str) -> Option<Session> {
    let note: SessionNote = serde_json::from_str(text).ok()?;
    Some(Session {
        id: note.id,
        asked: note.asked,
        started: note.started,
        by: Member::parse(&note.by).ok()?,
        profile: note.profile,
        image: note.image,
        waits: note.waits,
        account: note.account,
        watch: Watch {
            keep: note.keep,
            look: note.look,
            warned: note.warned,
            unknown: note.unknown,
            why: note.why,
        },
    })
}

/// An end as it is written.
///
/// # Panics
/// Never: the note holds only what JSON can say.
pub fn write_ended(ended: &Ended) -> String {
    let note = EndedNote {
        at: ended.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        by: ended.by.map(|by| by.to_string()),
        why: ended.why.clone(),
        recorded: ended.recorded,
    };
    serde_json::to_string(&note).expect("a note is JSON")
}

/// An end as it is read. A text that is not ours still is an end, with that text as its reason.
pub fn read_ended(text: &str) -> Option<Ended> {
    if text.is_empty() {
        return None;
    }
    let note = serde_json::from_str(text).unwrap_or_else(|_| EndedNote {
        at: None,
        by: None,
        why: text.chars().take(200).collect(),
        recorded: false,
    });
    Some(Ended {
        at: note.at.and_then(|at| at.parse().ok()),
        by: note.by.as_deref().and_then(read_by),
        why: note.why,
        recorded: note.recorded,
    })
}

fn read_by(text: &str) -> Option<EndedBy> {
    match text {
        "leaving" => return Some(EndedBy::Leaving),
        "sign-in" => return Some(EndedBy::SignIn),
        "sweep" => return Some(EndedBy::Sweep),
        _ => {}
    }
    let (kind, person) = text.split_once(' ')?;
    let person = Member::parse(person).ok()?;
    match kind {
        "member" => Some(EndedBy::Member(person)),
        "start" => Some(EndedBy::Start(person)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let by = Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
        let at = DateTime::from_timestamp(1_800_000_000, 123_000_000).unwrap();
        let session = Session {
            id: "one".into(),
            asked: at,
            started: Some(at),
            by,
            profile: "small".into(),
            image: "ours/x".into(),
            waits: None,
            account: Some("GitHub as ada".into()),
            watch: Watch::default(),
        };
        let waits = Session { started: None, waits: Some("flow".into()), ..session.clone() };
        let watch =
            Watch { keep: Some(at), look: Some(at), warned: Some(at), unknown: Some(at), why: "idle".into() };
        let watched = Session { watch, ..session.clone() };
        for session in [session, waits, watched] {
            assert_eq!(read_session(&write_session(&session)), Some(session));
        }
        for by in [EndedBy::Start(by), EndedBy::Member(by), EndedBy::Leaving, EndedBy::SignIn, EndedBy::Sweep]
        {
            let ended = Ended { at: Some(at), by: Some(by), why: "so".into(), recorded: false };
            assert_eq!(read_ended(&write_ended(&ended)), Some(ended));
        }
        for confirmed in [false, true] {
            let left = Left { at, confirmed };
            assert_eq!(read_left(&write_left(left)), Some(left));
        }
        assert_eq!(read_left("yesterday"), None);
        let open = vec!["t4".to_owned(), "a100".to_owned()];
        assert_eq!(read_profiles(Some(&write_profiles(&open))), Some(open));
        assert_eq!(read_profiles(Some(&String::new())), Some(vec![]), "none at all is not everything");
        assert_eq!(read_profiles(None), None);
        assert!(read_ended(NEVER_STARTED).unwrap().recorded);
    }

    #[test]
    fn what_is_not_ours_is_no_session_but_still_an_end() {
        for text in ["", "{}", "null", r#"{"v":1,"id":7}"#] {
            assert_eq!(read_session(text), None, "{text}");
        }
        assert_eq!(read_ended(""), None);
        assert_eq!(read_ended("by hand").unwrap().why, "by hand");
    }

    #[test]
    fn fields_of_a_newer_version_do_not_hide_a_session() {
        let text = r#"{"v":2,"id":"one","asked":"2026-11-24T12:00:00Z","by":"6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b","profile":"p","image":"i","tomorrow":"x"}"#;
        assert_eq!(read_session(text).unwrap().id, "one");
    }
}
