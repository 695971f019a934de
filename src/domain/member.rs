//! A member: a person of the group, known by the object id that Entra never gives to anybody else.

use std::fmt;

use uuid::Uuid;

/// A person, by Entra's object id. Survives a change of name, mail address and surname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(Uuid);

/// What was given as an object id and is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is no object id of Entra (a GUID such as 6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b)")]
pub struct NotAMember(String);

/// Names tunnels within our own space of version 5 UUIDs; made once by `uuidgen`, never to change.
const TUNNELS: Uuid = Uuid::from_u128(0x8d1c_2f5e_6b0a_4c39_9e57_2f4b_a1c3_d680);

impl Member {
    /// # Errors
    /// When the text is no GUID in its usual form of 36 characters.
    pub fn parse(text: &str) -> Result<Self, NotAMember> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(NotAMember(text.chars().take(64).collect())),
        }
    }

    /// The name of the member's namespace, and of their storage container: 39 characters.
    #[must_use]
    pub fn namespace(self) -> String {
        format!("dc-{self}")
    }

    /// The member whose namespace this is, if it is one's.
    #[must_use]
    pub fn of_namespace(name: &str) -> Option<Self> {
        Self::parse(name.strip_prefix("dc-")?).ok()
    }

    /// The name of the member's tunnel: 15 characters, of the 20 that a tunnel's name may have.
    #[must_use]
    pub fn tunnel(self) -> String {
        let hash = Uuid::new_v5(&TUNNELS, self.0.as_bytes()).simple().to_string();
        format!("dc-{}", &hash[..12])
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

    #[test]
    fn a_member_is_a_guid_in_its_usual_form() {
        let rows = [
            (OID, true),
            ("6E9F2C1A-0D3B-4B52-9A77-1C2D3E4F5A6B", true),
            ("6e9f2c1a0d3b4b529a771c2d3e4f5a6b", false),
            ("{6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b}", false),
            ("", false),
            ("ada", false),
            ("../../kube-system", false),
        ];
        for (text, good) in rows {
            assert_eq!(Member::parse(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn names_are_stable_and_fit_their_limits() {
        let member = Member::parse(&OID.to_uppercase()).unwrap();
        assert_eq!(member.namespace(), format!("dc-{OID}"));
        assert_eq!(Member::of_namespace(&member.namespace()), Some(member));
        assert_eq!(Member::of_namespace("kube-system"), None);
        assert_eq!(member.tunnel().len(), 15);
        assert_eq!(member.tunnel(), Member::parse(OID).unwrap().tunnel());
    }
}
