//! The tenant's users and groups: the one place where it stands who is in which group, now and a while ago.

mod past;
mod tenant;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use uuid::Uuid;

pub use tenant::{Group, Tenant, User, View};

use past::{Past, Undo};

/// One step of a group, as Graph tells it to subscribers: its direct members, or (without any) itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub group: Uuid,
    pub members: Vec<Entry>,
}

/// Somebody who came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub is_group: bool,
    pub removed: bool,
}

/// Why a change was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Missing(Uuid),
    AlreadyThere,
    Itself,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(id) => write!(f, "there is no {id}"),
            Self::AlreadyThere => f.write_str("it is a member already"),
            Self::Itself => f.write_str("a group is no member of itself"),
        }
    }
}

impl std::error::Error for Refused {}

/// Called with every change, in their order; it must not come back to the directory.
type Watch = Box<dyn Fn(&Change) + Send + Sync>;

/// The directory of the tenant.
#[derive(Default)]
pub struct Directory {
    inner: Mutex<Past>,
    watch: OnceLock<Watch>,
}

impl Directory {
    /// Looks at the tenant as it is, or was.
    pub fn read<T>(&self, view: &View, look: impl FnOnce(&Tenant) -> T) -> T {
        let past = match view {
            View::Frozen(tenant) => return look(tenant),
            View::Now => return look(&self.inner().now),
            View::Ago(ago) => self.inner().before(*ago),
        };
        look(&past)
    }

    /// The tenant as it is, to be looked at later.
    pub fn snapshot(&self) -> Arc<Tenant> {
        Arc::new(self.inner().now.clone())
    }

    /// Says who is told of changes; only the first counts.
    pub(super) fn watch(&self, watch: Watch) {
        let _ = self.watch.set(watch);
    }

    /// Adds a user or changes one.
    pub fn put_user(&self, id: Uuid, user: User) {
        let mut inner = self.inner();
        let was = inner.now.users.insert(id, user);
        inner.remember(Undo::User(id, was));
    }

    /// Lets a user sign in, or not. No notification tells it (facts: Graph, later findings).
    ///
    /// # Errors
    /// When there is no such user.
    pub fn enable(&self, id: Uuid, enabled: bool) -> Result<(), Refused> {
        let mut inner = self.inner();
        let user = inner.now.users.get_mut(&id).ok_or(Refused::Missing(id))?;
        let was = user.clone();
        user.enabled = enabled;
        inner.remember(Undo::User(id, Some(was)));
        Ok(())
    }

    /// Adds an empty group.
    pub fn add_group(&self, id: Uuid, name: &str) {
        let mut inner = self.inner();
        let was = inner.now.groups.insert(id, Group { name: name.to_owned(), members: BTreeSet::new() });
        inner.remember(Undo::Group(id, was));
    }

    /// Removes a group, also from the groups that it is in.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn remove_group(&self, id: Uuid) -> Result<(), Refused> {
        let mut inner = self.inner();
        let was = inner.now.groups.remove(&id).ok_or(Refused::Missing(id))?;
        inner.leave_all(id);
        inner.remember(Undo::Group(id, Some(was)));
        self.tell(&Change { group: id, members: Vec::new() });
        Ok(())
    }

    /// Removes a user, also from all groups. No notification is documented for this, so none is sent.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn remove_user(&self, id: Uuid) -> Result<(), Refused> {
        let mut inner = self.inner();
        let was = inner.now.users.remove(&id).ok_or(Refused::Missing(id))?;
        inner.leave_all(id);
        inner.remember(Undo::User(id, Some(was)));
        Ok(())
    }

    /// Adds users or groups to a group: all, or none if one of them can not be added.
    ///
    /// # Errors
    /// Names the one that can not be added.
    pub fn join(&self, group: Uuid, members: &[Uuid]) -> Result<(), Refused> {
        let mut inner = self.inner();
        let there = &inner.now.groups.get(&group).ok_or(Refused::Missing(group))?.members;
        let mut entries = Vec::with_capacity(members.len());
        for &id in members {
            let is_group = inner.now.groups.contains_key(&id);
            if !is_group && !inner.now.users.contains_key(&id) {
                return Err(Refused::Missing(id));
            }
            if id == group {
                return Err(Refused::Itself);
            }
            if there.contains(&id) || entries.iter().any(|entry: &Entry| entry.id == id) {
                return Err(Refused::AlreadyThere);
            }
            entries.push(Entry { id, is_group, removed: false });
        }
        entries.iter().for_each(|entry| inner.set_member(group, entry.id, true));
        self.tell(&Change { group, members: entries });
        Ok(())
    }

    /// Takes a direct member out of a group.
    ///
    /// # Errors
    /// When there is no such group, or no such member in it.
    pub fn leave(&self, group: Uuid, member: Uuid) -> Result<(), Refused> {
        let mut inner = self.inner();
        let there = &inner.now.groups.get(&group).ok_or(Refused::Missing(group))?.members;
        if !there.contains(&member) {
            return Err(Refused::Missing(member));
        }
        let is_group = inner.now.groups.contains_key(&member);
        inner.set_member(group, member, false);
        self.tell(&Change { group, members: vec![Entry { id: member, is_group, removed: true }] });
        Ok(())
    }

    fn tell(&self, change: &Change) {
        if let Some(watch) = self.watch.get() {
            watch(change);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Past> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
