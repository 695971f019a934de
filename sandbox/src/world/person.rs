//! A person of the tenant.

use crate::entra::User;
use serde::Serialize;
use uuid::Uuid;

/// A person. `member` says whether they are in the group of their installation now, directly or through a group
/// in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub name: String,
    pub oid: Uuid,
    pub admin: bool,
    pub member: bool,
    pub installation: String,
}

impl Person {
    /// As Entra sees them.
    #[must_use]
    pub fn user(&self) -> User {
        User {
            oid: self.oid,
            name: self.name.clone(),
            username: username(&self.name),
            roles: if self.admin { vec!["admin".to_owned()] } else { Vec::new() },
        }
    }
}

/// The user principal name of somebody called so.
pub(super) fn username(name: &str) -> String {
    format!("{name}@world.example")
}
