//! `/groups`: groups made, read, changed and removed, and their members added and taken out.

use http::Method;
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::access::{self, Caller};
use super::directory::{Refused, View};
use super::query::{Query, body};
use super::refusal::{Outcome, Refusal};
use super::{Shared, empty, members, objects};
use crate::listener::{self, Request};

/// "Up to 20 members can be added in a single request" (learn: graph/api/group-post-members).
const AT_ONCE: usize = 20;

/// Answers everything below `/groups`.
pub(super) async fn answer(shared: &Shared, caller: &Caller, rest: &[&str], request: Request) -> Outcome {
    let method = request.method().clone();
    let [id, rest @ ..] = rest else {
        return if method == Method::POST {
            create(shared, caller, request).await
        } else {
            Err(Refusal::lacks(""))
        };
    };
    if *id == "delta" {
        return Err(Refusal::lacks(""));
    }
    let id: Uuid = id.parse().map_err(|_| Refusal::bad(format!("Invalid object identifier '{id}'.")))?;
    match (&method, rest) {
        (&Method::GET, []) => get(shared, caller, id, &request),
        (&Method::GET, ["members" | "transitiveMembers", ..]) => {
            members::list(shared, caller, id, rest, &request)
        }
        (&Method::PATCH, []) => change(shared, caller, id, request).await,
        (&Method::DELETE, []) => {
            caller.must(access::CHANGE_GROUPS)?;
            shared.directory.remove_group(id).map_err(|why| refused(&why))?;
            Ok(empty(204))
        }
        (&Method::POST, ["members", "$ref"]) => {
            caller.must(access::CHANGE_MEMBERS)?;
            let reference: Reference = body(request, &["@odata.id"]).await?;
            shared.directory.join(id, &[member_of(&reference.id)?]).map_err(|why| refused(&why))?;
            Ok(empty(204))
        }
        // without `$ref` Graph would remove the member itself, not its membership
        (&Method::DELETE, ["members", member, "$ref"]) => {
            caller.must(access::CHANGE_MEMBERS)?;
            let member = member.parse().map_err(|_| Refusal::missing(member))?;
            shared.directory.leave(id, member).map_err(|why| refused(&why))?;
            Ok(empty(204))
        }
        _ => Err(Refusal::lacks("")),
    }
}

/// learn: graph/api/group-get.
fn get(shared: &Shared, caller: &Caller, id: Uuid, request: &Request) -> Outcome {
    let query = Query::read(request, &["$select"])?;
    query.check_select(objects::GROUP)?;
    caller.must(access::READ_GROUPS)?;
    let group = shared.directory.read(&shared.view(caller), |tenant| {
        tenant.groups.get(&id).map(|group| objects::group(id, group, query.select.as_deref()))
    });
    let mut group = Value::Object(group.ok_or_else(|| Refusal::missing(id))?);
    group["@odata.context"] = context(request).into();
    Ok(listener::json(200, &group))
}

fn context(request: &Request) -> String {
    format!("{}/v1.0/$metadata#groups/$entity", listener::called_as(request))
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "@odata.id")]
    id: String,
}

/// What makes a group, or (in part) changes one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    display_name: Option<String>,
    mail_enabled: Option<bool>,
    security_enabled: Option<bool>,
    mail_nickname: Option<String>,
    #[serde(rename = "members@odata.bind", default)]
    members: Vec<String>,
}

impl Wish {
    fn members(&self) -> Result<Vec<Uuid>, Refusal> {
        if self.members.len() > AT_ONCE {
            return Err(Refusal::bad(format!(
                "No more than {AT_ONCE} members can be added in a single request."
            )));
        }
        self.members.iter().map(|reference| member_of(reference)).collect()
    }
}

/// learn: graph/api/group-post-groups. The world has only security groups.
async fn create(shared: &Shared, caller: &Caller, request: Request) -> Outcome {
    if !caller.may(&["Group.Create"]) {
        caller.must(access::CHANGE_GROUPS)?;
    }
    let context = context(&request);
    let known = ["displayName", "mailEnabled", "securityEnabled", "mailNickname", "members@odata.bind"];
    let wish: Wish = body(request, &known).await?;
    let (Some(name), Some(false), Some(true), Some(_)) =
        (&wish.display_name, wish.mail_enabled, wish.security_enabled, &wish.mail_nickname)
    else {
        return Err(Refusal::bad(
            "A value is required for displayName, mailEnabled (false), mailNickname, securityEnabled (true).",
        ));
    };
    let (id, members) = (Uuid::new_v4(), wish.members()?);
    shared.directory.add_group(id, name);
    if !members.is_empty()
        && let Err(why) = shared.directory.join(id, &members)
    {
        let _ = shared.directory.remove_group(id);
        return Err(refused(&why));
    }
    let made = shared.directory.read(&View::Now, |tenant| {
        tenant.groups.get(&id).map(|group| objects::group(id, group, None)).unwrap_or_default()
    });
    let mut made = Value::Object(made);
    made["@odata.context"] = context.into();
    Ok(listener::json(201, &made))
}

/// learn: graph/api/group-post-members, example 2: several members at once; of the rest nothing is changed.
async fn change(shared: &Shared, caller: &Caller, id: Uuid, request: Request) -> Outcome {
    caller.must(access::CHANGE_MEMBERS)?;
    let wish: Wish = body(request, &["members@odata.bind"]).await?;
    shared.directory.join(id, &wish.members()?).map_err(|why| refused(&why))?;
    Ok(empty(204))
}

/// The object that a reference names: `…/v1.0/directoryObjects/{id}`, or the same with `users` or `groups`.
fn member_of(reference: &str) -> Result<Uuid, Refusal> {
    let invalid = || Refusal::bad("Invalid URL in request body: a reference names a directory object.");
    let url = Url::parse(reference).map_err(|_| invalid())?;
    let mut parts = url.path_segments().ok_or_else(invalid)?;
    let (version, kind, id, more) = (parts.next(), parts.next(), parts.next(), parts.next());
    if version != Some("v1.0")
        || more.is_some()
        || !matches!(kind, Some("directoryObjects" | "users" | "groups"))
    {
        return Err(invalid());
    }
    id.and_then(|id| id.parse().ok()).ok_or_else(invalid)
}

fn refused(why: &Refused) -> Refusal {
    match why {
        Refused::Missing(id) => Refusal::missing(id),
        Refused::AlreadyThere => Refusal::bad(
            "One or more added object references already exist for the following modified properties: 'members'.",
        ),
        Refused::Itself => Refusal::bad("A group can not be a member of itself."),
    }
}
