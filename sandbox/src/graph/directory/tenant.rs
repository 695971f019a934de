//! Users and groups at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

/// A user, as far as the world needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    /// The user principal name.
    pub username: String,
    /// Whether they may sign in.
    pub enabled: bool,
}

/// A group with its direct members: users and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub members: BTreeSet<Uuid>,
}

/// All users and groups at one moment.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    pub users: BTreeMap<Uuid, User>,
    pub groups: BTreeMap<Uuid, Group>,
}

/// Which moment an answer is about.
#[derive(Clone, Debug, Default)]
pub enum View {
    #[default]
    Now,
    Ago(Duration),
    /// As it was when somebody said so.
    Frozen(Arc<Tenant>),
}

impl Tenant {
    /// Everybody in a group, directly or through groups in it: users and groups; none if there is no such group.
    pub fn transitive(&self, group: Uuid) -> Option<BTreeSet<Uuid>> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.groups.get(&group)?];
        while let Some(next) = open.pop() {
            for id in &next.members {
                if seen.insert(*id)
                    && let Some(nested) = self.groups.get(id)
                {
                    open.push(nested);
                }
            }
        }
        // a circle leads back to the group itself, which is no member of itself
        seen.remove(&group);
        Some(seen)
    }

    /// Whether somebody is in a group, directly or through groups in it.
    pub fn holds(&self, group: Uuid, member: Uuid) -> bool {
        let direct = self.groups.get(&group).is_some_and(|group| group.members.contains(&member));
        direct || self.transitive(group).is_some_and(|all| all.contains(&member))
    }
}
