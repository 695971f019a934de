//! The post: what is told to subscribers, held, packed and carried to them.

mod carry;
mod item;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Shared;
use super::directory::Change;
use super::subscriptions::Subscription;
use super::troubles::Pack;

pub(super) use carry::{carry, send};
pub(super) use item::{change as change_item, lifecycle as lifecycle_item};

/// So many notifications wait at most, of all subscribers together; what comes then is lost.
const ROOM: usize = 20_000;
/// So many deliveries are remembered.
const REMEMBERED: usize = 1_000;

/// What waits, and what was sent.
#[derive(Default)]
pub(super) struct Post {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    ready: Vec<Parcel>,
    held: Vec<Parcel>,
    /// Notifications that are being sent, or wait to be sent again.
    under_way: BTreeMap<Uuid, usize>,
    sent: VecDeque<Delivery>,
    /// Applications that are gone: nothing goes to them any more.
    gone: BTreeSet<Uuid>,
}

/// One notification on its way.
#[derive(Clone, Debug)]
struct Parcel {
    app: Uuid,
    subscription: Uuid,
    url: Url,
    /// It goes out also when the subscription is not there any more.
    last_word: bool,
    pack: Pack,
    delay: Duration,
    item: Value,
}

/// One request to a subscriber.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Delivery {
    at: DateTime<Utc>,
    #[serde(skip)]
    pub app: Uuid,
    pub url: String,
    /// None if there was no answer.
    pub status: Option<u16>,
    pub body: Value,
}

impl Delivery {
    /// Whether it was taken: "a 2xx class code".
    pub fn taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Tells all subscribers of a change, as far as nothing goes wrong on purpose.
pub(super) fn tell(shared: &Shared, change: &Change) {
    let concerned = |one: &Subscription| one.group == change.group && one.wants_updates() && !one.paused;
    for subscription in shared.subscriptions.of(concerned) {
        let app = subscription.app;
        if shared.troubles.drops(app) {
            continue;
        }
        let trouble = shared.troubles.of(app).notifications;
        let parcel = Parcel {
            app,
            subscription: subscription.id,
            url: subscription.url.clone(),
            last_word: false,
            pack: trouble.pack,
            delay: Duration::from_millis(trouble.delay_ms),
            item: change_item(&subscription, shared.tokens.tenant(), change, trouble.bare),
        };
        for _ in 0..trouble.copies {
            shared.post.put(parcel.clone(), trouble.hold);
        }
    }
}

/// Sends a lifecycle event of a subscription, if it has an address for those.
pub(super) fn tell_lifecycle(shared: &Shared, subscription: &Subscription, event: &str) -> bool {
    let Some(url) = subscription.lifecycle.clone() else { return false };
    let parcel = Parcel {
        app: subscription.app,
        subscription: subscription.id,
        url,
        last_word: true,
        pack: Pack::Batch,
        delay: Duration::ZERO,
        item: lifecycle_item(subscription, shared.tokens.tenant(), event),
    };
    shared.post.put(parcel, false);
    true
}

impl Post {
    /// Lets go of what is held for these applications, in order or from the last to the first.
    pub fn release(&self, of: impl Fn(Uuid) -> bool, reverse: bool) -> usize {
        let mut state = self.state();
        let (mut free, held): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.held).into_iter().partition(|parcel| of(parcel.app));
        state.held = held;
        if reverse {
            free.reverse();
        }
        let count = free.len();
        state.ready.extend(free);
        self.wake.notify_one();
        count
    }

    /// Nothing goes to this application any more.
    pub fn forget(&self, app: Uuid) {
        let mut state = self.state();
        state.gone.insert(app);
        state.ready.retain(|parcel| parcel.app != app);
        state.held.retain(|parcel| parcel.app != app);
    }

    /// How many notifications wait or are under way, and how many are held: an application's, or all.
    pub fn waiting(&self, app: Option<Uuid>) -> (usize, usize) {
        let state = self.state();
        let is = |of: Uuid| app.is_none_or(|app| app == of);
        let count = |parcels: &[Parcel]| parcels.iter().filter(|parcel| is(parcel.app)).count();
        let under_way: usize =
            state.under_way.iter().filter(|(of, _)| is(**of)).map(|(_, count)| count).sum();
        (count(&state.ready) + under_way, count(&state.held))
    }

    /// The requests that were sent, newest last.
    pub fn sent(&self) -> Vec<Delivery> {
        self.state().sent.iter().cloned().collect()
    }

    fn put(&self, parcel: Parcel, hold: bool) {
        let mut state = self.state();
        let under_way: usize = state.under_way.values().sum();
        if state.ready.len() + state.held.len() + under_way >= ROOM || state.gone.contains(&parcel.app) {
            return;
        }
        if hold {
            state.held.push(parcel);
        } else {
            state.ready.push(parcel);
            self.wake.notify_one();
        }
    }

    fn remember(&self, delivery: Delivery) {
        let mut state = self.state();
        if state.sent.len() == REMEMBERED {
            state.sent.pop_front();
        }
        state.sent.push_back(delivery);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
