//! The people of the tenant: who they are, and what they may do in the API. Whose group they are in stands in the
//! directory alone, where Graph reads and changes it.

use super::person::username;
use crate::graph::directory::{self, Directory, View};
use anyhow::{Result, bail};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

pub use super::person::Person;

/// A wish for a new person, or for a change of one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub name: Option<String>,
    pub admin: Option<bool>,
    pub member: Option<bool>,
    pub installation: Option<String>,
}

/// Everybody, and the group of each installation.
pub struct People {
    directory: Arc<Directory>,
    all: Mutex<Everybody>,
}

#[derive(Default)]
struct Everybody {
    known: BTreeMap<String, Known>,
    groups: BTreeMap<String, Uuid>,
}

/// What the directory does not know of a person.
#[derive(Clone)]
struct Known {
    oid: Uuid,
    admin: bool,
    installation: String,
}

impl People {
    /// Nobody yet.
    #[must_use]
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { directory, all: Mutex::default() }
    }

    /// The group of an installation; made if it is not there.
    pub fn group(&self, installation: &str) -> Uuid {
        let mut all = self.all();
        *all.groups.entry(installation.to_owned()).or_insert_with(|| {
            let group = Uuid::new_v4();
            self.directory.add_group(group, installation);
            group
        })
    }

    /// The group of an installation is gone; its people stay.
    pub fn remove_group(&self, installation: &str) {
        if let Some(group) = self.all().groups.remove(installation) {
            // somebody may have removed it at Graph already
            let _ = self.directory.remove_group(group);
        }
    }

    /// Adds a person; without a name, one is made up.
    ///
    /// # Errors
    /// When the name is taken, or the installation has no group to be a member of.
    pub fn add(&self, wish: Wish) -> Result<Person> {
        let oid = Uuid::new_v4();
        let name = wish.name.unwrap_or_else(|| format!("person-{}", &oid.simple().to_string()[..12]));
        let known = Known {
            oid,
            admin: wish.admin.unwrap_or(false),
            installation: wish.installation.unwrap_or_else(|| "dcaas".to_owned()),
        };
        let mut all = self.all();
        if all.known.contains_key(&name) {
            bail!("somebody is called `{name}` already: names are unique in a world");
        }
        let username = username(&name);
        self.directory.put_user(oid, directory::User { name: name.clone(), username, enabled: true });
        all.known.insert(name.clone(), known.clone());
        self.set_member(&all, &known, wish.member.unwrap_or(true))?;
        Ok(self.person(&all, &name, &known))
    }

    /// Changes what the wish names. A member who moves to another installation is a member there.
    ///
    /// # Errors
    /// When nobody is called so, or the installation has no group.
    pub fn change(&self, name: &str, wish: &Wish) -> Result<Person> {
        let mut all = self.all();
        let Some(before) = all.known.get(name).cloned() else { bail!(unknown(name, &all)) };
        let was = self.person(&all, name, &before).member;
        let mut known = before.clone();
        known.admin = wish.admin.unwrap_or(known.admin);
        if let Some(installation) = &wish.installation {
            known.installation.clone_from(installation);
        }
        all.known.insert(name.to_owned(), known.clone());
        if known.installation != before.installation {
            self.set_member(&all, &before, false)?;
        }
        if wish.member.is_some() || known.installation != before.installation {
            self.set_member(&all, &known, wish.member.unwrap_or(was))?;
        }
        Ok(self.person(&all, name, &known))
    }

    /// The person of that name.
    ///
    /// # Errors
    /// When nobody is called so.
    pub fn find(&self, name: &str) -> Result<Person> {
        let all = self.all();
        let Some(known) = all.known.get(name) else { bail!(unknown(name, &all)) };
        Ok(self.person(&all, name, known))
    }

    /// Everybody, by name.
    #[must_use]
    pub fn everybody(&self) -> Vec<Person> {
        let all = self.all();
        let inside: BTreeMap<&str, BTreeSet<Uuid>> = self.directory.read(&View::Now, |tenant| {
            let members = |group: &Uuid| tenant.transitive(*group).unwrap_or_default();
            all.groups.iter().map(|(name, group)| (name.as_str(), members(group))).collect()
        });
        let is = |known: &Known| {
            inside.get(known.installation.as_str()).is_some_and(|all| all.contains(&known.oid))
        };
        all.known.iter().map(|(name, known)| known.person(name, is(known))).collect()
    }

    fn set_member(&self, all: &Everybody, known: &Known, member: bool) -> Result<()> {
        let Some(group) = all.groups.get(&known.installation).copied() else {
            if member {
                bail!("installation `{}` has no group: make it first", known.installation);
            }
            return Ok(());
        };
        let changed = if member {
            self.directory.join(group, &[known.oid])
        } else {
            self.directory.leave(group, known.oid)
        };
        match changed {
            Ok(()) | Err(directory::Refused::AlreadyThere) => Ok(()),
            Err(directory::Refused::Missing(_)) if !member => Ok(()),
            Err(why) => bail!("{} can not be a member: {why}", known.oid),
        }
    }

    fn person(&self, all: &Everybody, name: &str, known: &Known) -> Person {
        let group = all.groups.get(&known.installation);
        let inside = group
            .is_some_and(|group| self.directory.read(&View::Now, |tenant| tenant.holds(*group, known.oid)));
        known.person(name, inside)
    }

    fn all(&self) -> MutexGuard<'_, Everybody> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn person(&self, name: &str, member: bool) -> Person {
        let Self { oid, admin, installation } = self.clone();
        Person { name: name.to_owned(), oid, admin, member, installation }
    }
}

fn unknown(name: &str, all: &Everybody) -> String {
    let names: Vec<_> = all.known.keys().take(20).map(String::as_str).collect();
    format!("nobody is called `{name}`; there are {}", names.join(", "))
}
