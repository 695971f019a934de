//! The notice: what the control plane tells the agent, by an annotation that the downward API puts into a file.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A word to the agent, and through it to the people in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// The workspace will be stopped then.
    pub stop: Option<DateTime<Utc>>,
    /// The workspace is kept until then.
    pub keep: Option<DateTime<Utc>>,
    /// One sentence for people.
    pub why: String,
}

impl Notice {
    /// Reads the annotation's value; fields that are not known are passed over.
    ///
    /// # Errors
    /// Why it can not be read: one that is half understood could say the opposite of what was meant.
    pub fn parse(value: &str) -> Result<Self, String> {
        let wire: Wire =
            serde_json::from_str(value).map_err(|error| format!("it can not be read ({error})"))?;
        let time = |text: Option<String>| match text {
            None => Ok(None),
            Some(text) => match DateTime::parse_from_rfc3339(&text) {
                Ok(time) => Ok(Some(time.to_utc())),
                Err(_) => Err(format!("'{text}' in it is no time")),
            },
        };
        Ok(Self { stop: time(wire.stop)?, keep: time(wire.keep)?, why: wire.why })
    }

    /// The annotation's value.
    pub fn render(&self) -> String {
        let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let wire = Wire { stop: self.stop.map(text), keep: self.keep.map(text), why: self.why.clone() };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// The notice in the downward API's file of annotations; none where nothing was ever said.
    ///
    /// # Errors
    /// As for [`Notice::parse`].
    pub fn in_file(file: &str) -> Result<Option<Self>, String> {
        match annotation(file, super::NOTICE) {
            Some(value) if !value.is_empty() => Self::parse(&value).map(Some),
            _ => Ok(None),
        }
    }
}

/// One annotation's (or label's) value in a file of the downward API: a line each, `key="value"`, quoted as Go does.
pub fn annotation(file: &str, key: &str) -> Option<String> {
    let quoted = file.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix("=\""))?;
    let mut value = Vec::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return Some(String::from_utf8_lossy(&value).into_owned()),
            '\\' => unescape(&mut rest, &mut value)?,
            plain => value.extend(plain.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

fn unescape(rest: &mut std::str::Chars<'_>, value: &mut Vec<u8>) -> Option<()> {
    let kind = rest.next()?;
    let mut hex = |digits: usize| {
        let text: String = rest.take(digits).collect();
        u32::from_str_radix(&text, 16).ok().filter(|_| text.len() == digits)
    };
    match kind {
        'a' => value.push(7),
        'b' => value.push(8),
        't' => value.push(b'\t'),
        'n' => value.push(b'\n'),
        'v' => value.push(11),
        'f' => value.push(12),
        'r' => value.push(b'\r'),
        plain @ ('"' | '\\' | '\'') => value.push(plain as u8),
        'x' => value.push(hex(2)? as u8),
        'u' => value.extend(char::from_u32(hex(4)?)?.encode_utf8(&mut [0; 4]).bytes()),
        'U' => value.extend(char::from_u32(hex(8)?)?.encode_utf8(&mut [0; 4]).bytes()),
        _ => return None,
    }
    Some(())
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(default)]
    stop: Option<String>,
    #[serde(default)]
    keep: Option<String>,
    #[serde(default)]
    why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_read_as_go_quotes_them() {
        let table = [
            (r#"dcaas.dev/notice="plain""#, Some("plain")),
            (r#"dcaas.dev/notice="""#, Some("")),
            (r#"dcaas.dev/notice="a \"b\" \\ \n \t\r""#, Some("a \"b\" \\ \n \t\r")),
            (r#"dcaas.dev/notice="caf\u00e9 \U0001f600 é""#, Some("café 😀 é")),
            (r#"dcaas.dev/notice="\xff""#, Some("\u{fffd}")),
            ("a=\"1\"\ndcaas.dev/notice=\"two\"\nz=\"3\"", Some("two")),
            (r#"dcaas.dev/notice="not ended"#, None),
            (r#"dcaas.dev/notice="half \u12"#, None),
            (r#"dcaas.dev/notice="\q""#, None),
            (r#"dcaas.dev/noticed="other""#, None),
            (r#"x.dcaas.dev/notice="other""#, None),
            ("", None),
        ];
        for (file, value) in table {
            assert_eq!(annotation(file, "dcaas.dev/notice").as_deref(), value, "{file}");
        }
    }

    #[test]
    fn a_notice_comes_back_as_it_was_written() {
        let stop = DateTime::from_timestamp(1_800_000_000, 0);
        let notice = Notice { stop, keep: None, why: "idle for 1 h; \"dcaas keep 3h\" keeps it".into() };
        assert_eq!(Notice::parse(&notice.render()).as_ref(), Ok(&notice));
        let file = format!("kubernetes.io/config.seen=\"x\"\ndcaas.dev/notice={:?}\n", notice.render());
        assert_eq!(Notice::in_file(&file), Ok(Some(notice)));
        assert_eq!(Notice::parse(r#"{"stop":null,"more":1}"#), Ok(Notice::default()));
    }

    #[test]
    fn nothing_is_told_from_what_is_malformed() {
        for nothing in ["", "other=\"1\"\n", "dcaas.dev/notice=\"\"\n"] {
            assert_eq!(Notice::in_file(nothing), Ok(None), "{nothing}");
        }
        let table = [
            ("", "can not be read"),
            ("null", "can not be read"),
            ("plain", "can not be read"),
            (r#"{"stop":1}"#, "can not be read"),
            (r#"{"stop":"never"}"#, "'never' in it is no time"),
            (r#"{"stop":null,"keep":"3h"}"#, "'3h' in it is no time"),
        ];
        for (value, says) in table {
            let why = Notice::parse(value).unwrap_err();
            assert!(why.contains(says), "{value}: {why}");
        }
        assert!(Notice::in_file("dcaas.dev/notice=\"plain\"\n").is_err());
    }
}
