//! Who asks, and what their token lets them do.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use super::refusal::Refusal;
use crate::entra::Tokens;
use crate::listener::{self, Request};

const AUDIENCE: &str = "https://graph.microsoft.com";

/// The rights that let an application read users (learn: graph/api/user-get).
pub(super) const READ_USERS: &[&str] =
    &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
/// The rights to read groups and their members (learn: graph/api/group-get, graph/api/group-list-members).
pub(super) const READ_GROUPS: &[&str] = &[
    "GroupMember.Read.All",
    "Group.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
/// The rights to change a group's members (learn: graph/api/group-post-members).
pub(super) const CHANGE_MEMBERS: &[&str] =
    &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"];
/// The rights to make, change and remove groups (learn: graph/api/group-post-groups).
pub(super) const CHANGE_GROUPS: &[&str] = &["Group.ReadWrite.All", "Directory.ReadWrite.All"];
/// The rights to change and remove users (learn: graph/api/user-update).
pub(super) const CHANGE_USERS: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];
/// The only right to subscribe to a group: "write access permissions" are not supported for subscriptions
/// (learn: graph/api/subscription-post-subscriptions, "Permissions").
pub(super) const SUBSCRIBE: &[&str] = &["Group.Read.All"];

/// An application with its token.
#[derive(Debug)]
pub(super) struct Caller {
    pub app: Uuid,
    pub principal: Uuid,
    roles: BTreeSet<String>,
}

impl Caller {
    /// Who sent this request.
    pub fn of(tokens: &Tokens, request: &Request) -> Result<Self, Refusal> {
        let refused = |message: &str| Refusal::new(401, "InvalidAuthenticationToken", message);
        let token = listener::bearer(request).ok_or_else(|| refused("Access token is empty."))?;
        let claims = tokens.check(token, AUDIENCE).map_err(|why| {
            tracing::debug!("graph: a token is refused: {why:#}");
            match why.downcast_ref::<jsonwebtoken::errors::Error>().map(jsonwebtoken::errors::Error::kind) {
                Some(jsonwebtoken::errors::ErrorKind::ExpiredSignature) => {
                    refused("Lifetime validation failed, the token is expired.")
                }
                Some(jsonwebtoken::errors::ErrorKind::InvalidAudience) => {
                    refused("Access token validation failure. Invalid audience.")
                }
                _ => refused("Access token validation failure."),
            }
        })?;
        let id = |claim: &str| claims[claim].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        // `scp`, what a person may do through an app, is not looked at: nobody here signs in to Graph
        let roles = claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Self { app: id("appid"), principal: id("oid"), roles: roles.map(str::to_owned).collect() })
    }

    /// Whether one of these rights is there.
    pub fn may(&self, rights: &[&str]) -> bool {
        rights.iter().any(|right| self.roles.contains(*right))
    }

    /// The same, as a refusal if not.
    pub fn must(&self, rights: &[&str]) -> Result<(), Refusal> {
        if self.may(rights) { Ok(()) } else { Err(Refusal::denied()) }
    }
}
