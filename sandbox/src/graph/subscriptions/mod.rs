//! `/subscriptions`: who wants to be told of which group, where, and until when.

mod create;
mod validation;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use http::Method;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{self, Caller};
use super::query::{Query, body};
use super::refusal::{Outcome, Refusal};
use super::{Shared, empty};
use crate::listener::{self, Request};

/// "41,760 minutes (under 29 days)" (learn: graph/api/resources/subscription, "Subscription lifetime").
const LONGEST: i64 = 41_760;
/// "Any value under 45 minutes … is automatically set to 45 minutes" (the same page, `expirationDateTime`).
const SHORTEST: i64 = 45;

/// A subscription to one group.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub id: Uuid,
    pub app: Uuid,
    principal: Uuid,
    /// As it was asked for.
    pub resource: String,
    pub group: Uuid,
    change_type: String,
    pub client_state: Option<String>,
    pub url: Url,
    pub lifecycle: Option<Url>,
    pub expires: DateTime<Utc>,
    tls: String,
    /// Nothing is told any more until it is reauthorized or renewed.
    pub paused: bool,
}

/// All that there are; what has expired is gone.
#[derive(Default)]
pub(super) struct Subscriptions(Mutex<BTreeMap<Uuid, Subscription>>);

impl Subscriptions {
    /// Those that this applies to.
    pub fn of(&self, wanted: impl Fn(&Subscription) -> bool) -> Vec<Subscription> {
        self.all().values().filter(|one| wanted(one)).cloned().collect()
    }

    /// One that is still there.
    pub fn find(&self, id: Uuid) -> Option<Subscription> {
        self.all().get(&id).cloned()
    }

    /// Removes those that this applies to, and says which.
    pub fn lose(&self, lost: impl Fn(&Subscription) -> bool) -> Vec<Subscription> {
        self.all().extract_if(.., |_, one| lost(one)).map(|(_, one)| one).collect()
    }

    /// Changes those that this applies to, and says how many they are.
    pub fn change(
        &self,
        wanted: impl Fn(&Subscription) -> bool,
        change: impl Fn(&mut Subscription),
    ) -> usize {
        self.all().values_mut().filter(|one| wanted(one)).map(change).count()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Uuid, Subscription>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Utc::now();
        all.retain(|_, one| one.expires > now);
        all
    }

    fn own(&self, caller: &Caller, id: &str) -> Result<Subscription, Refusal> {
        let found = id.parse().ok().and_then(|id| self.find(id)).filter(|one| one.app == caller.app);
        found.ok_or_else(|| Refusal::new(404, "ResourceNotFound", "The object was not found."))
    }
}

/// Answers everything below `/subscriptions`. An application sees its own alone (learn:
/// graph/api/subscription-list).
pub(super) async fn answer(shared: &Shared, caller: &Caller, rest: &[&str], request: Request) -> Outcome {
    let context = format!("{}/v1.0/$metadata#subscriptions", listener::called_as(&request));
    let entity = |status, one: &Subscription| {
        let mut shown = one.shown();
        shown["@odata.context"] = format!("{context}/$entity").into();
        listener::json(status, &shown)
    };
    let all = &shared.subscriptions;
    match (request.method(), rest) {
        (&Method::POST, []) => Ok(entity(201, &create::create(shared, caller, request).await?)),
        (&Method::GET, []) => {
            Query::read(&request, &[])?;
            let own: Vec<Value> =
                all.of(|one| one.app == caller.app).iter().map(Subscription::shown).collect();
            Ok(listener::json(200, &json!({"@odata.context": context, "value": own})))
        }
        (&Method::GET, [id]) => {
            Query::read(&request, &[])?;
            Ok(entity(200, &all.own(caller, id)?))
        }
        (&Method::PATCH, [id]) => {
            let id = all.own(caller, id)?.id;
            let renewal: Renewal = body(request, &["expirationDateTime"]).await?;
            let expires = lifetime(renewal.expiration_date_time)?;
            caller.must(access::SUBSCRIBE)?;
            all.change(|one| one.id == id, |one| (one.expires, one.paused) = (expires, false));
            Ok(entity(200, &all.own(caller, &id.to_string())?))
        }
        (&Method::DELETE, [id]) => {
            let id = all.own(caller, id)?.id;
            all.lose(|one| one.id == id);
            Ok(empty(204))
        }
        // learn: graph/api/subscription-reauthorize: it does not extend the expiration
        (&Method::POST, [id, "reauthorize"]) => {
            let id = all.own(caller, id)?.id;
            caller.must(access::SUBSCRIBE)?;
            all.change(|one| one.id == id, |one| one.paused = false);
            Ok(empty(204))
        }
        _ => Err(Refusal::lacks("")),
    }
}

/// learn: graph/api/subscription-update.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Renewal {
    expiration_date_time: DateTime<Utc>,
}

fn lifetime(expires: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let now = Utc::now();
    // a minute's grace: the client's clock and the way here
    if expires > now + Duration::minutes(LONGEST + 1) {
        let says = format!("Subscription expiration can only be {LONGEST} minutes in the future.");
        return Err(Refusal::new(400, "ExtensionError", says));
    }
    Ok(expires.max(now + Duration::minutes(SHORTEST)))
}

impl Subscription {
    /// As Graph shows it.
    fn shown(&self) -> Value {
        json!({
            "id": self.id, "resource": self.resource, "applicationId": self.app, "changeType": self.change_type,
            "clientState": self.client_state, "notificationUrl": self.url.as_str(),
            "lifecycleNotificationUrl": self.lifecycle.as_ref().map(Url::as_str),
            "expirationDateTime": time(self.expires), "creatorId": self.principal,
            "latestSupportedTlsVersion": self.tls, "notificationContentType": "application/json",
            "includeResourceData": null, "encryptionCertificate": null, "encryptionCertificateId": null,
            "notificationQueryOptions": null, "notificationUrlAppId": null,
        })
    }

    /// Whether it is told of what changes.
    pub fn wants_updates(&self) -> bool {
        self.change_type.split(',').any(|kind| kind.trim() == "updated")
    }

    /// The same for the world's control address.
    pub fn facts(&self) -> Value {
        let mut facts = self.shown();
        facts["paused"] = self.paused.into();
        facts
    }
}

/// A time as Graph writes it.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
