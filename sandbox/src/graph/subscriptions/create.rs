//! A new subscription: what it must be like before its addresses are asked.

use chrono::{DateTime, Utc};
use reqwest::Url;
use serde::Deserialize;
use uuid::Uuid;

use super::super::Shared;
use super::super::access::{self, Caller};
use super::super::directory::View;
use super::super::query::body;
use super::super::refusal::Refusal;
use super::{Subscription, lifetime, validation};
use crate::listener::Request;

/// "Maximum number of subscriptions per app and tenant", and "per tenant (for all applications combined)" (learn:
/// graph/change-notifications-overview, "Azure AD resource limitations").
const PER_APP: usize = 100;
const PER_TENANT: usize = 1_000;
/// learn: graph/api/resources/subscription, `clientState`: "The maximum length is 128 characters."
const STATE: usize = 128;

const KNOWN: &[&str] = &[
    "changeType",
    "notificationUrl",
    "lifecycleNotificationUrl",
    "resource",
    "expirationDateTime",
    "clientState",
    "latestSupportedTlsVersion",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    change_type: Option<String>,
    notification_url: Option<String>,
    lifecycle_notification_url: Option<String>,
    resource: Option<String>,
    expiration_date_time: Option<DateTime<Utc>>,
    client_state: Option<String>,
    latest_supported_tls_version: Option<String>,
}

/// learn: graph/api/subscription-post-subscriptions.
pub(super) async fn create(
    shared: &Shared,
    caller: &Caller,
    request: Request,
) -> Result<Subscription, Refusal> {
    let wish: Wish = body(request, KNOWN).await?;
    let new = read(wish, caller)?;
    if !caller.may(access::SUBSCRIBE) {
        return Err(refuse(403, "Operation: Create; Exception: [Status Code: Forbidden; Reason: Forbidden]"));
    }
    if !shared.directory.read(&View::Now, |tenant| tenant.groups.contains_key(&new.group)) {
        return Err(refuse(404, "Operation: Create; Exception: [Status Code: NotFound; Reason: Not Found]"));
    }
    room(shared, &new)?;
    let token = shared.troubles.of(caller.app).validation_token;
    for url in std::iter::once(&new.url).chain(&new.lifecycle) {
        validation::validate(&shared.client, url, token.as_deref()).await?;
    }
    // once more: others came in while the addresses were asked
    room(shared, &new)?;
    shared.subscriptions.all().insert(new.id, new.clone());
    Ok(new)
}

fn read(wish: Wish, caller: &Caller) -> Result<Subscription, Refusal> {
    let required = |name: &str| invalid(format!("{name} is a required property for subscription creation"));
    let change_type = wish.change_type.ok_or_else(|| required("changeType"))?;
    // learn: graph/api/resources/subscription, `changeType`: users and groups "support updated and deleted"
    if change_type.is_empty()
        || !change_type.split(',').all(|kind| ["updated", "deleted"].contains(&kind.trim()))
    {
        return Err(invalid(format!("Unsupported changeType '{change_type}' for this resource.")));
    }
    let resource = wish.resource.ok_or_else(|| required("resource"))?;
    let group = group_of(&resource)?;
    let expires = lifetime(wish.expiration_date_time.ok_or_else(|| required("expirationDateTime"))?)?;
    if wish.client_state.as_ref().is_some_and(|state| state.chars().count() > STATE) {
        return Err(invalid(format!("clientState must not be longer than {STATE} characters.")));
    }
    let tls = wish.latest_supported_tls_version.unwrap_or_else(|| "v1_2".to_owned());
    if !["v1_0", "v1_1", "v1_2", "v1_3"].contains(&tls.as_str()) {
        return Err(invalid(format!("Invalid latestSupportedTlsVersion '{tls}'.")));
    }
    Ok(Subscription {
        id: Uuid::new_v4(),
        app: caller.app,
        principal: caller.principal,
        resource,
        group,
        change_type,
        client_state: wish.client_state,
        url: address(&wish.notification_url.ok_or_else(|| required("notificationUrl"))?)?,
        lifecycle: wish.lifecycle_notification_url.as_deref().map(address).transpose()?,
        expires,
        tls,
        paused: false,
    })
}

/// `/groups/{id}` or `/groups/{id}/members`; others exist, but not here.
fn group_of(resource: &str) -> Result<Uuid, Refusal> {
    let lacks = || Refusal::lacks(format!("subscription to {resource}"));
    let path: Vec<&str> = resource.trim_start_matches('/').split('/').collect();
    let (["groups", id] | ["groups", id, "members"]) = path.as_slice() else { return Err(lacks()) };
    id.parse().map_err(|_| lacks())
}

/// "This URL must make use of the HTTPS protocol"; only on this machine, where the Functions host has no
/// certificate, plain HTTP will do.
fn address(text: &str) -> Result<Url, Refusal> {
    let url = Url::parse(text).map_err(|_| invalid("The notification URL is invalid."))?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    if url.scheme() == "https" || (url.scheme() == "http" && here) {
        return Ok(url);
    }
    Err(invalid("Notification URL must start with 'https://'."))
}

/// Quotas, and "Duplicate subscriptions aren't allowed" (learn: graph/change-notifications-delivery-webhooks).
fn room(shared: &Shared, new: &Subscription) -> Result<(), Refusal> {
    let all = shared.subscriptions.all();
    let same = |one: &&Subscription| {
        one.app == new.app
            && one.group == new.group
            && same_path(one, new)
            && one.change_type == new.change_type
    };
    if let Some(there) = all.values().find(same) {
        let says = format!("Subscription Id {} already exists for the requested combination", there.id);
        return Err(Refusal::new(409, "ObjectIdentifierInUse", says));
    }
    let own = all.values().filter(|one| one.app == new.app).count();
    if own >= PER_APP || all.len() >= PER_TENANT {
        return Err(refuse(
            403,
            "Number of subscriptions has reached its limit. Delete some to create others.",
        ));
    }
    Ok(())
}

fn same_path(one: &Subscription, other: &Subscription) -> bool {
    one.resource.trim_start_matches('/') == other.resource.trim_start_matches('/')
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidRequest", message)
}

/// Errors of the parts behind Graph come wrapped so (facts: `ExtensionError`).
fn refuse(status: u16, message: &str) -> Refusal {
    Refusal::new(status, "ExtensionError", message)
}
