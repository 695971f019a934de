//! What goes wrong on purpose, for everybody or for one application.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::directory::{Directory, View};
use super::refusal::Refusal;

/// Everything that can be switched on; the default is that nothing goes wrong.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trouble {
    /// Answers about users and groups are old: `{"seconds": 180}`, or `"frozen"` as they are now.
    pub stale: Option<Stale>,
    /// Requests are refused: `{"status": 429, "retry_after": 3, "times": 2}`; without `times` until it is cleared.
    pub refuse: Option<Refuse>,
    /// The handshake of new subscriptions asks with this token.
    pub validation_token: Option<String>,
    pub notifications: Notifications,
}

/// How old answers are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stale {
    Seconds(u64),
    Frozen,
}

/// Which requests are refused, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    pub status: u16,
    #[serde(default)]
    pub retry_after: Option<u32>,
    #[serde(default)]
    pub times: Option<u32>,
    /// Only those whose path contains this.
    #[serde(default)]
    pub path: Option<String>,
}

/// What happens to change notifications.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notifications {
    pub delay_ms: u64,
    /// How often each is sent.
    pub copies: u32,
    /// So many are never sent; `u32::MAX` for all.
    pub drop: u32,
    /// They are kept until `release`.
    pub hold: bool,
    /// Without `members@delta`.
    pub bare: bool,
    pub pack: Pack,
}

/// What stands in one request to a subscriber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pack {
    /// The notifications of a moment.
    #[default]
    Batch,
    /// One notification.
    Single,
    /// One notification that names everybody of a moment.
    Merged,
}

impl Default for Notifications {
    fn default() -> Self {
        Self { delay_ms: 0, copies: 1, drop: 0, hold: false, bare: false, pack: Pack::default() }
    }
}

/// All troubles; those of one application lie over those of everybody.
#[derive(Default)]
pub(super) struct Troubles(Mutex<BTreeMap<Option<Uuid>, (Trouble, View)>>);

impl Troubles {
    /// What goes wrong for everybody (none) or for an application, in place of all that did.
    pub fn set(&self, app: Option<Uuid>, trouble: Trouble, directory: &Directory) {
        let view = match trouble.stale {
            None => View::Now,
            Some(Stale::Seconds(seconds)) => View::Ago(Duration::from_secs(seconds)),
            Some(Stale::Frozen) => View::Frozen(directory.snapshot()),
        };
        self.all().insert(app, (trouble, view));
    }

    /// Ends them: all, or those of one application.
    pub fn clear(&self, app: Option<Uuid>) {
        self.all().retain(|of, _| app.is_some() && *of != app);
    }

    /// What goes wrong for this application.
    pub fn of(&self, app: Uuid) -> Trouble {
        with(&mut self.all(), app, |(trouble, _)| trouble.clone()).unwrap_or_default()
    }

    /// Which moment its answers are about.
    pub fn view(&self, app: Uuid) -> View {
        with(&mut self.all(), app, |(_, view)| view.clone()).unwrap_or_default()
    }

    /// Whether a notification is dropped now; counts it.
    pub fn drops(&self, app: Uuid) -> bool {
        let hit = with(&mut self.all(), app, |(trouble, _)| {
            let left = &mut trouble.notifications.drop;
            let hit = *left > 0;
            if *left != u32::MAX {
                *left = left.saturating_sub(1);
            }
            hit
        });
        hit.unwrap_or(false)
    }

    /// How a request is refused now, if it is; counts it.
    pub fn refuses(&self, app: Uuid, path: &str) -> Option<Refusal> {
        with(&mut self.all(), app, |(trouble, _)| {
            let refuse = trouble.refuse.as_mut()?;
            if refuse.times == Some(0)
                || refuse.path.as_ref().is_some_and(|part| !path.contains(part.as_str()))
            {
                return None;
            }
            refuse.times = refuse.times.map(|times| times - 1);
            Some(Refusal::unavailable(refuse.status, refuse.retry_after))
        })
        .flatten()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Option<Uuid>, (Trouble, View)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with<T>(
    all: &mut BTreeMap<Option<Uuid>, (Trouble, View)>,
    app: Uuid,
    look: impl FnOnce(&mut (Trouble, View)) -> T,
) -> Option<T> {
    let key = if all.contains_key(&Some(app)) { Some(app) } else { None };
    all.get_mut(&key).map(look)
}
