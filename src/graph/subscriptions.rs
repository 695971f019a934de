//! The subscription by which Graph tells of changes of the group.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Error, Graph,
    request::{Ask, Repeat},
};

/// A change of members arrives as `updated`, the end of the group as `deleted`.
const CHANGES: &str = "updated,deleted";

/// A subscription of ours at Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub expires: DateTime<Utc>,
    /// Whether it is what the settings say. One that is not has to go: its address can not be changed.
    pub fits: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSubscription {
    id: String,
    expiration_date_time: DateTime<Utc>,
    resource: Option<String>,
    change_type: Option<String>,
    notification_url: Option<String>,
    lifecycle_notification_url: Option<String>,
    client_state: Option<String>,
}

#[derive(Deserialize)]
struct WirePage {
    value: Vec<WireSubscription>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

impl Graph {
    /// The subscriptions that our identity has to the group, or that come to our address: at most one is right.
    ///
    /// # Errors
    /// When Graph does not answer.
    pub async fn find(&self) -> Result<Vec<Subscription>, Error> {
        let mut found = Vec::new();
        let mut next = Some(self.url("/subscriptions"));
        while let Some(url) = next {
            let page: WirePage = self.ask(Ask::get(url)).await?;
            found.extend(page.value.into_iter().filter(|wire| self.concerns(wire)).map(|w| self.read(w)));
            next = page.next.map(|link| self.own_link(link)).transpose()?;
        }
        Ok(found)
    }

    /// Subscribes until then. Graph asks our `membership` for its handshake before it answers.
    ///
    /// # Errors
    /// When Graph does not answer or refuses. It may exist all the same: find it.
    pub async fn create(&self, until: DateTime<Utc>) -> Result<Subscription, Error> {
        let url = &self.settings.notification_url;
        let body = json!({
            "changeType": CHANGES,
            "notificationUrl": url,
            "lifecycleNotificationUrl": url,
            "resource": self.settings.resource,
            "expirationDateTime": time(until),
            "clientState": self.settings.client_state.reveal(),
            "latestSupportedTlsVersion": "v1_2",
        });
        let made = self.ask(Ask::post(self.url("/subscriptions"), Some(&body), Repeat::IfUndone)).await?;
        Ok(self.read(made))
    }

    /// Lets it last until then, and gives it our rights anew; none if Graph has lost it.
    ///
    /// # Errors
    /// When Graph does not answer or refuses.
    pub async fn renew(&self, id: &str, until: DateTime<Utc>) -> Result<Option<Subscription>, Error> {
        let body = json!({ "expirationDateTime": time(until) });
        let ask = Ask { method: Method::PATCH, body: Some(&body), ..Ask::get(self.one(id)) };
        let renewed: Option<WireSubscription> = there(self.ask(ask).await)?;
        Ok(renewed.map(|wire| self.read(wire)))
    }

    /// Gives it our rights anew, and leaves its end as it is; whether Graph still has it.
    ///
    /// # Errors
    /// When Graph does not answer or refuses.
    pub async fn reauthorize(&self, id: &str) -> Result<bool, Error> {
        let url = format!("{}/reauthorize", self.one(id));
        Ok(there(self.ask_for_bytes(Ask::post(url, None, Repeat::Always)).await)?.is_some())
    }

    /// Ends it; one that is not there is success.
    ///
    /// # Errors
    /// When Graph does not answer or refuses.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        let ask = Ask { method: Method::DELETE, ..Ask::get(self.one(id)) };
        there(self.ask_for_bytes(ask).await).map(|_| ())
    }

    fn one(&self, id: &str) -> String {
        self.url(&format!("/subscriptions/{id}"))
    }

    fn concerns(&self, wire: &WireSubscription) -> bool {
        let group = self.settings.group.as_str();
        let names = |resource: &String| resource.to_lowercase().contains(group);
        wire.resource.as_ref().is_some_and(names)
            || wire.notification_url.as_ref() == Some(&self.settings.notification_url)
    }

    fn read(&self, wire: WireSubscription) -> Subscription {
        let path = |text: &str| text.trim_matches('/').to_lowercase();
        let url = Some(&self.settings.notification_url);
        let mut changes: Vec<&str> = wire.change_type.as_deref().unwrap_or_default().split(',').collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        let fits = wire.resource.as_deref().map(path) == Some(path(&self.settings.resource))
            && changes.join(",") == CHANGES
            && wire.notification_url.as_ref() == url
            && wire.lifecycle_notification_url.as_ref() == url
            // Graph may keep it to itself
            && wire.client_state.is_none_or(|state| state == self.settings.client_state.reveal());
        Subscription { id: wire.id, expires: wire.expiration_date_time, fits }
    }
}

fn there<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

fn time(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}
