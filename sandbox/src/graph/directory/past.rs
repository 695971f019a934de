//! The way back from the tenant as it is to what it was a while ago.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::tenant::{Group, Tenant, User};

/// So many changes can be looked back.
const REMEMBERED: usize = 100_000;

/// The tenant as it is, and how to get back from there.
#[derive(Default)]
pub(super) struct Past {
    pub now: Tenant,
    /// Newest last.
    back: VecDeque<(Instant, Undo)>,
}

pub(super) enum Undo {
    User(Uuid, Option<User>),
    Group(Uuid, Option<Group>),
    Member { group: Uuid, member: Uuid, was: bool },
}

impl Past {
    pub fn remember(&mut self, undo: Undo) {
        if self.back.len() == REMEMBERED {
            self.back.pop_front();
        }
        self.back.push_back((Instant::now(), undo));
    }

    pub fn set_member(&mut self, group: Uuid, member: Uuid, is: bool) {
        let Some(there) = self.now.groups.get_mut(&group) else { return };
        let was = if is { !there.members.insert(member) } else { there.members.remove(&member) };
        self.remember(Undo::Member { group, member, was });
    }

    pub fn leave_all(&mut self, member: Uuid) {
        let inside = |(_, group): &(&Uuid, &Group)| group.members.contains(&member);
        let groups: Vec<Uuid> = self.now.groups.iter().filter(inside).map(|(id, _)| *id).collect();
        groups.into_iter().for_each(|group| self.set_member(group, member, false));
    }

    pub fn before(&self, ago: Duration) -> Tenant {
        let mut tenant = self.now.clone();
        for (_, undo) in self.back.iter().rev().take_while(|(at, _)| at.elapsed() < ago) {
            undo.apply(&mut tenant);
        }
        tenant
    }
}

impl Undo {
    fn apply(&self, tenant: &mut Tenant) {
        match self {
            Self::User(id, was) => put(&mut tenant.users, *id, was.as_ref()),
            Self::Group(id, was) => put(&mut tenant.groups, *id, was.as_ref()),
            Self::Member { group, member, was } => {
                if let Some(group) = tenant.groups.get_mut(group) {
                    if *was {
                        group.members.insert(*member)
                    } else {
                        group.members.remove(member)
                    };
                }
            }
        }
    }
}

fn put<T: Clone>(map: &mut BTreeMap<Uuid, T>, id: Uuid, was: Option<&T>) {
    match was {
        Some(was) => map.insert(id, was.clone()),
        None => map.remove(&id),
    };
}
