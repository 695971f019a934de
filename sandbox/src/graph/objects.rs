//! Users and groups as Graph shows them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::directory::{Group, Tenant, User};

/// What a user has without `$select` (learn: graph/api/user-get, "returns a default set of properties").
const USER: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];
/// What can be selected of a user. `accountEnabled` comes only so (learn: graph/api/resources/user).
pub(super) const USER_ALL: &[&str] = &[
    "accountEnabled",
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];
/// What a group has, and what can be selected of it.
pub(super) const GROUP: &[&str] =
    &["id", "displayName", "description", "groupTypes", "mailEnabled", "mailNickname", "securityEnabled"];

/// A user with the properties that were asked for. Whoever may not read users gets their id, and null for
/// everything else (learn: graph/permissions-overview, "Limited information returned for inaccessible member
/// objects").
pub(super) fn user(id: Uuid, user: &User, select: Option<&[String]>, readable: bool) -> Map<String, Value> {
    let value = |name: &str| match name {
        "id" => json!(id),
        _ if !readable => Value::Null,
        "accountEnabled" => json!(user.enabled),
        "businessPhones" => json!([]),
        "displayName" => json!(user.name),
        "mail" | "userPrincipalName" => json!(user.username),
        _ => Value::Null,
    };
    shape(USER, select, value)
}

/// A security group with the properties that were asked for.
pub(super) fn group(id: Uuid, group: &Group, select: Option<&[String]>) -> Map<String, Value> {
    let value = |name: &str| match name {
        "id" => json!(id),
        "displayName" | "mailNickname" => json!(group.name),
        "groupTypes" => json!([]),
        "mailEnabled" => json!(false),
        "securityEnabled" => json!(true),
        _ => Value::Null,
    };
    shape(GROUP, select, value)
}

/// A member of a group, with its type; none if it is gone.
pub(super) fn member(
    tenant: &Tenant,
    id: Uuid,
    select: Option<&[String]>,
    readable: bool,
) -> Option<Map<String, Value>> {
    let (kind, mut map) = match (tenant.users.get(&id), tenant.groups.get(&id)) {
        (Some(one), _) => ("#microsoft.graph.user", user(id, one, select, readable)),
        (_, Some(one)) => ("#microsoft.graph.group", group(id, one, select)),
        _ => return None,
    };
    map.insert("@odata.type".into(), kind.into());
    Some(map)
}

fn shape(usual: &[&str], select: Option<&[String]>, value: impl Fn(&str) -> Value) -> Map<String, Value> {
    let mut map = Map::new();
    let mut add = |name: &str| _ = map.insert(name.to_owned(), value(name));
    match select {
        Some(names) => names.iter().for_each(|name| add(name)),
        None => usual.iter().for_each(|name| add(name)),
    }
    map
}
