//! What tests do to Graph behind its back: everything that can go wrong, on demand.

use anyhow::{Context, bail};
use chrono::{Duration, Utc};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Graph;
use super::directory::Change;
use super::notifications::{self, Delivery};
use super::subscriptions::Subscription;
use super::troubles::Trouble;

/// Which subscriptions a verb is about; all, if nothing is named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose {
    pub app: Option<Uuid>,
    pub subscription: Option<Uuid>,
}

/// An event of a subscription's life (learn: graph/change-notifications-lifecycle-events).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lifecycle {
    ReauthorizationRequired,
    /// The subscription is gone with it.
    SubscriptionRemoved,
    Missed,
}

/// A request to a subscriber that Graph did not send, or not so.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forgery {
    /// Laid over a right notification; null takes a field away.
    pub item: Value,
    /// In place of everything: JSON, or a text as it is.
    pub body: Option<Value>,
    /// In place of the subscription's address.
    pub url: Option<String>,
}

impl Whose {
    fn is(self, one: &Subscription) -> bool {
        self.app.is_none_or(|app| app == one.app) && self.subscription.is_none_or(|id| id == one.id)
    }
}

impl Graph {
    /// What goes wrong from now on for an application or (none) for everybody. Notifications that were held, and
    /// shall be no longer, go out.
    pub fn trouble(&self, app: Option<Uuid>, trouble: Trouble) {
        self.shared.troubles.set(app, trouble, &self.shared.directory);
        self.let_go();
    }

    /// Nothing goes wrong any more, for an application or (none) for all.
    pub fn clear(&self, app: Option<Uuid>) {
        self.shared.troubles.clear(app);
        self.let_go();
    }

    /// Sends what is held; says how many notifications that is.
    pub fn release(&self, app: Option<Uuid>, reverse: bool) -> usize {
        self.shared.post.release(|of| app.is_none_or(|app| app == of), reverse)
    }

    /// Subscriptions are gone, and nobody is told.
    pub fn lose(&self, whose: Whose) -> usize {
        self.shared.subscriptions.lose(|one| whose.is(one)).len()
    }

    /// Subscriptions end in so many seconds.
    pub fn expire(&self, whose: Whose, seconds: i64) -> usize {
        let at = Utc::now() + Duration::seconds(seconds);
        self.shared.subscriptions.change(|one| whose.is(one), |one| one.expires = at)
    }

    /// Sends a lifecycle event, and says to how many. If they shall pause, nothing else is sent (and it is lost)
    /// until the subscription is reauthorized or renewed.
    pub fn lifecycle(&self, whose: Whose, event: Lifecycle, pause: bool) -> usize {
        let all = &self.shared.subscriptions;
        let concerned = match event {
            Lifecycle::SubscriptionRemoved => all.lose(|one| whose.is(one)),
            _ => all.of(|one| whose.is(one)),
        };
        if pause {
            all.change(|one| whose.is(one), |one| one.paused = true);
        }
        let name = match event {
            Lifecycle::ReauthorizationRequired => "reauthorizationRequired",
            Lifecycle::SubscriptionRemoved => "subscriptionRemoved",
            Lifecycle::Missed => "missed",
        };
        concerned.iter().filter(|one| notifications::tell_lifecycle(&self.shared, one, name)).count()
    }

    /// Sends the last requests that an application took once more, oldest first; says how each was answered.
    pub async fn replay(&self, app: Uuid, last: usize) -> Vec<Option<u16>> {
        let own = |delivery: &Delivery| delivery.app == app && delivery.taken();
        let taken: Vec<Delivery> = self.shared.post.sent().into_iter().filter(own).collect();
        let mut statuses = Vec::new();
        for old in &taken[taken.len().saturating_sub(last)..] {
            if let Ok(url) = old.url.parse() {
                statuses.push(notifications::send(&self.shared, app, &url, old.body.clone()).await.status);
            }
        }
        statuses
    }

    /// Sends a forged request now and once; says how it was answered.
    ///
    /// # Errors
    /// When there is no subscription to forge after and no address.
    pub async fn forge(&self, whose: Whose, forgery: Forgery) -> anyhow::Result<Option<u16>> {
        let after = self.shared.subscriptions.of(|one| whose.is(one)).into_iter().next();
        let url = match (&forgery.url, &after) {
            (Some(url), _) => Url::parse(url).context("`url` is no address")?,
            (None, Some(one)) => one.url.clone(),
            (None, None) => bail!("there is no subscription: name a `url`"),
        };
        let body = forgery.body.unwrap_or_else(|| {
            let right = after.map(|one| {
                let change = Change { group: one.group, members: Vec::new() };
                notifications::change_item(&one, self.shared.tokens.tenant(), &change, true)
            });
            let mut item = right.unwrap_or_else(|| json!({}));
            lay(&mut item, forgery.item);
            json!({"value": [item]})
        });
        let app = whose.app.unwrap_or_default();
        Ok(notifications::send(&self.shared, app, &url, body).await.status)
    }

    /// An application is gone with its subscriptions.
    pub fn forget(&self, app: Uuid) {
        self.lose(Whose { app: Some(app), subscription: None });
        self.shared.post.forget(app);
        self.shared.troubles.clear(Some(app));
    }

    /// What there is: subscriptions, what waits, what was sent; of one application, or of all.
    pub fn facts(&self, app: Option<Uuid>) -> Value {
        let whose = Whose { app, subscription: None };
        let all = self.shared.subscriptions.of(|one| whose.is(one));
        let (waiting, held) = self.shared.post.waiting(app);
        let mut sent = self.shared.post.sent();
        sent.retain(|delivery| app.is_none_or(|app| app == delivery.app));
        json!({
            "subscriptions": all.iter().map(Subscription::facts).collect::<Vec<_>>(),
            "waiting": waiting, "held": held, "sent": sent,
        })
    }

    fn let_go(&self) {
        self.shared.post.release(|app| !self.shared.troubles.of(app).notifications.hold, false);
    }
}

/// RFC 7396.
fn lay(below: &mut Value, above: Value) {
    match above {
        Value::Object(fields) => {
            if !below.is_object() {
                *below = json!({});
            }
            for (name, value) in fields {
                if value.is_null() {
                    if let Some(below) = below.as_object_mut() {
                        below.remove(&name);
                    }
                } else {
                    lay(&mut below[name.as_str()], value);
                }
            }
        }
        Value::Null => {}
        other => *below = other,
    }
}
