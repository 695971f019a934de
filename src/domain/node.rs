//! A machine of the cluster as far as it costs something: who is on it, and what keeps it there.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};

/// The labels that a machine of a profile has.
pub type Selector = BTreeMap<String, String>;

/// A machine that workspaces may be placed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    /// Whether somebody told the cluster's autoscaler to leave it alone.
    pub fixed: bool,
    /// Those that have not come to their end.
    pub pods: Vec<Tenant>,
}

/// A pod on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub namespace: String,
    pub name: String,
    /// Whether it is a workspace, of this installation or of another one.
    pub workspace: bool,
    /// Whether it was told to end.
    pub ending: bool,
    /// Whether it says that it must not be moved.
    pub fixed: bool,
    pub kind: Kind,
}

/// Who made a pod, which says whether it could be on another machine as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every machine has one of these: it keeps none.
    Everywhere,
    /// A controller, which makes it anew elsewhere.
    Controlled,
    /// Somebody's hand: nobody makes it anew.
    Alone,
}

/// A machine without a workspace on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Empty {
    pub node: String,
    /// When it was first seen so, without a workspace on it ever since.
    pub since: DateTime<Utc>,
    /// Whether somebody told the cluster's autoscaler to leave it alone.
    pub fixed: bool,
    /// The pods that keep it.
    pub held: Vec<Holder>,
}

/// A pod that keeps a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `namespace/name`.
    pub pod: String,
    pub hold: Hold,
}

/// How a pod keeps its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    Ending,
    Fixed,
    Alone,
    System,
    Movable,
}

impl Hold {
    /// One word, for programs and for what is remembered.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ending => "ending",
            Self::Fixed => "fixed",
            Self::Alone => "alone",
            Self::System => "system",
            Self::Movable => "movable",
        }
    }

    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Ending, Self::Fixed, Self::Alone, Self::System, Self::Movable]
            .into_iter()
            .find(|hold| hold.word() == word)
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ending => "it was told to end, and does not",
            Self::Fixed => "it says that it must not be moved",
            Self::Alone => "no controller would make it anew elsewhere",
            Self::System => "the autoscaler leaves system pods where they are",
            Self::Movable => "it may have no room elsewhere",
        })
    }
}
