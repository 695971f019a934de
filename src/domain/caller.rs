//! Who asks: a person whom the tenant vouches for, and whether they are an admin here.

use crate::domain::member::Member;

/// A person with a valid token. Whether they are a member is not read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub member: Member,
    pub admin: bool,
}
