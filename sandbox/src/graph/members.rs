//! Who is in a group: directly, or through groups in it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::access::{self, Caller};
use super::directory::Tenant;
use super::query::{Query, eventual};
use super::refusal::{Outcome, Refusal};
use super::{Shared, objects};
use crate::listener::{self, Request};

/// Which members are wished.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    All,
    Users,
    Groups,
}

/// Lists `members` or `transitiveMembers`, all or of one type (learn: graph/api/group-list-members,
/// graph/api/group-list-transitivemembers).
pub(super) fn list(
    shared: &Shared,
    caller: &Caller,
    group: Uuid,
    path: &[&str],
    request: &Request,
) -> Outcome {
    let kind = match path {
        [_] => Kind::All,
        [_, "microsoft.graph.user"] => Kind::Users,
        [_, "microsoft.graph.group"] => Kind::Groups,
        _ => return Err(Refusal::lacks("")),
    };
    let query = Query::read(request, &["$select", "$top", "$count", "$skiptoken"])?;
    query.check_select(if kind == Kind::Groups { objects::GROUP } else { objects::USER_ALL })?;
    caller.must(access::READ_GROUPS)?;
    advanced(kind, &query, request)?;
    let readable = caller.may(access::READ_USERS);
    shared.directory.read(&shared.view(caller), |tenant| {
        let found = match path {
            ["members", ..] => tenant.groups.get(&group).map(|group| group.members.clone()),
            _ => tenant.transitive(group),
        };
        let mut all = found.ok_or_else(|| Refusal::missing(group))?;
        all.retain(|id| is(kind, tenant, id));
        Ok(listener::json(200, &answer(tenant, &all, kind, &query, readable, request)))
    })
}

/// A cast needs `ConsistencyLevel: eventual` and `$count=true`, `$count` the header, on every page anew
/// (learn: graph/aad-advanced-queries, graph/paging).
fn advanced(kind: Kind, query: &Query, request: &Request) -> Result<(), Refusal> {
    let (cast, eventual) = (kind != Kind::All, eventual(request));
    let asked = cast || query.count;
    if asked && !(eventual && query.count) {
        let says = "Request with a cast or $count only works when the ConsistencyLevel header is set to 'eventual' \
                    and $count=true.";
        return Err(Refusal::new(400, "Request_UnsupportedQuery", says));
    }
    Ok(())
}

fn is(kind: Kind, tenant: &Tenant, id: &Uuid) -> bool {
    match kind {
        Kind::All => tenant.users.contains_key(id) || tenant.groups.contains_key(id),
        Kind::Users => tenant.users.contains_key(id),
        Kind::Groups => tenant.groups.contains_key(id),
    }
}

fn answer(
    tenant: &Tenant,
    all: &BTreeSet<Uuid>,
    kind: Kind,
    query: &Query,
    readable: bool,
    request: &Request,
) -> Value {
    let (page, next) = query.page(request, all);
    let shape = |id: &Uuid| {
        let mut map = objects::member(tenant, *id, query.select.as_deref(), readable)?;
        if kind == Kind::Groups || (kind == Kind::Users && readable) {
            // a cast says already what they are; only limited ones carry their type still
            map.remove("@odata.type");
        }
        Some(map)
    };
    let value: Vec<Map<String, Value>> = page.iter().filter_map(shape).collect();
    let set = match kind {
        Kind::All => "directoryObjects",
        Kind::Users => "users",
        Kind::Groups => "groups",
    };
    let context = format!("{}/v1.0/$metadata#{set}", listener::called_as(request));
    let mut body = json!({"@odata.context": context, "value": value});
    if query.count && query.after.is_none() {
        // learn: graph/paging: "present only in the first page"
        body["@odata.count"] = all.len().into();
    }
    if let Some(next) = next {
        body["@odata.nextLink"] = next.into();
    }
    body
}
