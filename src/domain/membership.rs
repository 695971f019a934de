//! Where a person stands with the group, as Graph tells it, and what is left of them in the cluster.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{member::Member, node::Empty};

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

/// Somebody whom Graph was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub member: Member,
    pub standing: Standing,
    /// What Graph calls them, to show to admins; nobody's key.
    pub name: Option<String>,
    /// Which of the groups that open profiles they are in, by object id.
    pub groups: BTreeSet<String>,
}

/// What a member may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// The profiles that they may start; none means all.
    pub profiles: Option<Vec<String>>,
    /// What the bounds around them come to (quota, limits, network), as one word: another one means that they have changed.
    pub bounds: String,
}

/// Somebody who has a namespace in the cluster, with or without a workspace in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    pub member: Member,
    /// Whether their StatefulSet exists.
    pub workspace: bool,
    /// That they left, once leaving has begun.
    pub left: Option<Left>,
    /// What they were provisioned with last, as their workspace says.
    pub allowance: Allowance,
    /// The namespace as it was seen; a deletion names both.
    pub uid: String,
    pub version: String,
}

/// That somebody left the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub at: DateTime<Utc>,
    /// Whether a person confirmed it, so that the brake does not count it.
    pub confirmed: bool,
}

/// The brake on mass removal, while it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brake {
    /// Since when; whole seconds, as a person who confirms it has to write it.
    pub since: DateTime<Utc>,
    pub cause: Cause,
    /// Who would lose their workspace. A confirmation is for these people and no others.
    pub losers: BTreeSet<Member>,
}

/// Why the brake holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The group does not exist.
    GroupMissing,
    /// The group has no member whose account is enabled.
    GroupEmpty,
    /// Too many at once: so many left within 24 hours, of so many who had a workspace then.
    TooMany { lately: usize, of: usize },
}

/// What the last comparison of the group with the cluster came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub at: DateTime<Utc>,
    /// What kept it from its end, or what an admin has to mend; a sentence.
    pub fault: Option<String>,
    /// Machines without a workspace, as the last look at them found.
    pub empty: Vec<Empty>,
}
