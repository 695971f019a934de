//! `/users/{id}`: read, let in or locked out, removed, and asked which groups they are in.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{self, Caller};
use super::directory::{Tenant, View};
use super::query::{Query, body};
use super::refusal::{Outcome, Refusal};
use super::{Shared, empty, objects};
use crate::listener::{self, Request};

/// Answers everything below `/users/{id}` and `/directoryObjects/{id}`.
pub(super) async fn answer(shared: &Shared, caller: &Caller, rest: &[&str], request: Request) -> Outcome {
    match (request.method(), rest) {
        (&Method::GET, [id]) => get(shared, caller, id, &request),
        (&Method::PATCH, [id]) => enable(shared, caller, id, request).await,
        (&Method::DELETE, [id]) => {
            caller.must(access::CHANGE_USERS)?;
            let id = shared.directory.read(&View::Now, |tenant| find(tenant, id))?;
            shared.directory.remove_user(id).map_err(|_| Refusal::missing(id))?;
            Ok(empty(204))
        }
        (&Method::POST, [id, "checkMemberGroups"]) => check(shared, caller, id, request).await,
        _ => Err(Refusal::lacks("")),
    }
}

/// learn: graph/api/user-get: by id or by user principal name.
fn get(shared: &Shared, caller: &Caller, id: &str, request: &Request) -> Outcome {
    let query = Query::read(request, &["$select"])?;
    query.check_select(objects::USER_ALL)?;
    caller.must(access::READ_USERS)?;
    let user = shared.directory.read(&shared.view(caller), |tenant| {
        let id = find(tenant, id)?;
        Ok(objects::user(id, &tenant.users[&id], query.select.as_deref(), true))
    });
    let mut user = Value::Object(user?);
    let context = format!("{}/v1.0/$metadata#users/$entity", listener::called_as(request));
    user["@odata.context"] = context.into();
    Ok(listener::json(200, &user))
}

fn find(tenant: &Tenant, id: &str) -> Result<Uuid, Refusal> {
    let known = match id.parse() {
        Ok(id) => tenant.users.contains_key(&id).then_some(id),
        Err(_) => {
            let named = tenant.users.iter().find(|(_, user)| user.username.eq_ignore_ascii_case(id));
            named.map(|(id, _)| *id)
        }
    };
    known.ok_or_else(|| Refusal::missing(id))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    account_enabled: bool,
}

/// learn: graph/api/user-update; of all the properties the world changes only this one.
async fn enable(shared: &Shared, caller: &Caller, id: &str, request: Request) -> Outcome {
    // "User.EnableDisableAccount.All + User.Read.All" is the least that does it
    let least = caller.may(&["User.EnableDisableAccount.All"]) && caller.may(access::READ_USERS);
    if !least {
        caller.must(access::CHANGE_USERS)?;
    }
    let id = shared.directory.read(&View::Now, |tenant| find(tenant, id))?;
    let patch: Patch = body(request, &["accountEnabled"]).await?;
    shared.directory.enable(id, patch.account_enabled).map_err(|_| Refusal::missing(id))?;
    Ok(empty(204))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    group_ids: Vec<Uuid>,
}

/// learn: graph/api/directoryobject-checkmembergroups: at most 20 groups, nested ones count.
async fn check(shared: &Shared, caller: &Caller, id: &str, request: Request) -> Outcome {
    caller.must(access::READ_USERS)?;
    caller.must(access::READ_GROUPS)?;
    let context = format!("{}/v1.0/$metadata#Collection(Edm.String)", listener::called_as(&request));
    let asked: Groups = body(request, &["groupIds"]).await?;
    if asked.group_ids.len() > 20 {
        return Err(Refusal::bad("The number of group ids must not exceed 20."));
    }
    let inside = shared.directory.read(&shared.view(caller), |tenant| {
        let id = find(tenant, id)?;
        let holds = |group: &&Uuid| tenant.holds(**group, id);
        Ok::<Vec<Uuid>, Refusal>(asked.group_ids.iter().filter(holds).copied().collect())
    });
    Ok(listener::json(200, &json!({"@odata.context": context, "value": inside?})))
}
