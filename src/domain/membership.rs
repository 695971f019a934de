//! Where a person stands with the group, as Graph tells it.

use super::member::Member;

/// Whether a person counts as a member now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the group, directly or through a group in it, and their account is enabled.
    Member,
    /// Not in the group, or disabled, or not in the directory at all.
    Stranger,
    /// Graph did not say enough. Nobody gains or loses anything by this.
    Unknown {
        /// A sentence, for the log and for admins.
        why: String,
    },
}

/// Somebody whom the group holds, directly or through a group in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub member: Member,
    pub standing: Standing,
    /// What Graph calls them, to show to admins; nobody's key.
    pub name: Option<String>,
}
