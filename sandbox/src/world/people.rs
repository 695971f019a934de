//! The people of the tenant, and whose group they are in.

use crate::entra::User;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// A person. `member` says whether they are in the group of their installation now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub name: String,
    pub oid: Uuid,
    pub admin: bool,
    pub member: bool,
    pub installation: String,
}

/// A wish for a new person, or for a change of one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub name: Option<String>,
    pub admin: Option<bool>,
    pub member: Option<bool>,
    pub installation: Option<String>,
}

/// Everybody, and the groups by id with the installation that each belongs to.
#[derive(Default)]
pub struct People(Mutex<Everybody>);

#[derive(Default)]
struct Everybody {
    people: BTreeMap<String, Person>,
    groups: BTreeMap<Uuid, String>,
}

impl People {
    /// Adds a person; without a name, one is made up.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add(&self, wish: Wish) -> Result<Person> {
        let oid = Uuid::new_v4();
        let name = wish.name.unwrap_or_else(|| format!("person-{}", &oid.simple().to_string()[..12]));
        let person = Person {
            name: name.clone(),
            oid,
            admin: wish.admin.unwrap_or(false),
            member: wish.member.unwrap_or(true),
            installation: wish.installation.unwrap_or_else(|| "dcaas".to_owned()),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.people.contains_key(&name) {
            bail!("somebody is called `{name}` already: names are unique in a world");
        }
        all.people.insert(name, person.clone());
        Ok(person)
    }

    /// Changes what the wish names.
    ///
    /// # Errors
    /// When nobody is called so.
    pub fn change(&self, name: &str, wish: &Wish) -> Result<Person> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(person) = all.people.get_mut(name) else { bail!(unknown(name, &all)) };
        person.admin = wish.admin.unwrap_or(person.admin);
        person.member = wish.member.unwrap_or(person.member);
        if let Some(installation) = &wish.installation {
            person.installation.clone_from(installation);
        }
        Ok(person.clone())
    }

    /// The person of that name.
    ///
    /// # Errors
    /// When nobody is called so.
    pub fn find(&self, name: &str) -> Result<Person> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(person) = all.people.get(name) else { bail!(unknown(name, &all)) };
        Ok(person.clone())
    }

    /// Everybody, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Person> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).people.values().cloned().collect()
    }

    /// Makes a group known as the one of an installation.
    pub fn add_group(&self, group: Uuid, installation: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.groups.insert(group, installation.to_owned());
    }

    /// The group is gone; its people stay.
    pub fn remove_group(&self, group: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).groups.remove(&group);
    }

    /// Who is in a group, as Graph asks.
    #[must_use]
    pub fn members(&self, group: Uuid) -> Option<Vec<User>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let installation = all.groups.get(&group)?;
        let inside = |person: &&Person| person.member && person.installation == *installation;
        Some(all.people.values().filter(inside).map(Person::user).collect())
    }
}

impl Person {
    /// As Entra sees them.
    #[must_use]
    pub fn user(&self) -> User {
        User {
            oid: self.oid,
            name: self.name.clone(),
            username: format!("{}@world.example", self.name),
            roles: if self.admin { vec!["admin".to_owned()] } else { Vec::new() },
        }
    }
}

fn unknown(name: &str, all: &Everybody) -> String {
    let names: Vec<_> = all.people.keys().take(20).map(String::as_str).collect();
    format!("nobody is called `{name}`; there are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_holds_the_members_of_its_installation() {
        let people = People::default();
        let group = Uuid::new_v4();
        people.add_group(group, "dcaas");
        let named = |name: &str| Wish { name: Some(name.into()), ..Wish::default() };
        people.add(named("ada")).unwrap();
        people.add(Wish { installation: Some("other".into()), ..named("eve") }).unwrap();
        people.add(Wish { member: Some(false), ..named("dora") }).unwrap();
        let inside = || people.members(group).unwrap().into_iter().map(|user| user.name).collect::<Vec<_>>();
        assert_eq!(inside(), ["ada"]);
        people.change("dora", &Wish { member: Some(true), ..Wish::default() }).unwrap();
        assert_eq!(inside(), ["ada", "dora"]);
        assert!(people.members(Uuid::new_v4()).is_none());
        assert!(people.add(named("ada")).is_err());
        assert!(people.find("nobody").unwrap_err().to_string().contains("ada"));
    }
}
