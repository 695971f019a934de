//! The way to subscribers: what came in one moment goes together, and what is not taken comes again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::super::Shared;
use super::super::troubles::Pack;
use super::{Delivery, Parcel, item};

/// What comes within this time may go in one request.
const MOMENT: Duration = Duration::from_millis(25);
/// One request carries no more.
const AT_ONCE: usize = 100;
/// "If Microsoft Graph doesn't receive a 2xx class code within 3 seconds, it tries to resend … for up to 4 hours"
/// (learn: graph/change-notifications-delivery-webhooks).
const PATIENCE: Duration = Duration::from_secs(3);
const PERSISTENCE: Duration = Duration::from_hours(4);
/// The first pause before it comes again, doubled each time up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// So many requests at a time.
const LANES: usize = 16;

/// Carries everything that comes; does not end by itself.
pub(in super::super) async fn carry(shared: Arc<Shared>, tasks: TaskTracker, stopping: CancellationToken) {
    let lanes = Arc::new(Semaphore::new(LANES));
    loop {
        shared.post.wake.notified().await;
        tokio::time::sleep(MOMENT).await;
        let ready = {
            let mut state = shared.post.state();
            let ready = std::mem::take(&mut state.ready);
            for parcel in &ready {
                *state.under_way.entry(parcel.app).or_default() += 1;
            }
            ready
        };
        for batch in batches(ready) {
            let delivery = deliver(shared.clone(), lanes.clone(), batch);
            tasks.spawn(stopping.clone().run_until_cancelled_owned(delivery));
        }
    }
}

/// What goes in one request each.
fn batches(ready: Vec<Parcel>) -> Vec<Vec<Parcel>> {
    let mut by_way: BTreeMap<(Uuid, Url, Pack, Duration), Vec<Parcel>> = BTreeMap::new();
    for parcel in ready {
        by_way.entry((parcel.app, parcel.url.clone(), parcel.pack, parcel.delay)).or_default().push(parcel);
    }
    let mut batches = Vec::new();
    for ((.., pack, _), parcels) in by_way {
        let size = if pack == Pack::Single { 1 } else { AT_ONCE };
        let mut parcels = parcels.into_iter().peekable();
        while parcels.peek().is_some() {
            // to be merged, all have to come together
            let size = if pack == Pack::Merged { usize::MAX } else { size };
            batches.push(parcels.by_ref().take(size).collect());
        }
    }
    batches
}

async fn deliver(shared: Arc<Shared>, lanes: Arc<Semaphore>, mut batch: Vec<Parcel>) {
    let (count, started, mut pause) = (batch.len(), Instant::now(), FIRST);
    // all of a batch are of one application
    let Some(app) = batch.first().map(|parcel| parcel.app) else { return };
    tokio::time::sleep(batch.first().map_or(Duration::ZERO, |parcel| parcel.delay)).await;
    while started.elapsed() < PERSISTENCE {
        batch.retain(|parcel| goes_out(&shared, parcel));
        let Some(Parcel { url, pack, .. }) = batch.first().cloned() else { break };
        let taken = {
            let _lane = lanes.acquire().await;
            send(&shared, app, &url, body(&batch, pack)).await.taken()
        };
        if taken {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
    if let Some(under_way) = shared.post.state().under_way.get_mut(&app) {
        *under_way -= count;
    }
}

fn goes_out(shared: &Shared, parcel: &Parcel) -> bool {
    let gone = shared.post.state().gone.contains(&parcel.app);
    !gone && (parcel.last_word || shared.subscriptions.find(parcel.subscription).is_some())
}

fn body(batch: &[Parcel], pack: Pack) -> Value {
    let mut items: Vec<(Uuid, Value)> = Vec::new();
    for parcel in batch {
        let same = items.iter_mut().find(|(subscription, _)| *subscription == parcel.subscription);
        match same {
            Some((_, earlier)) if pack == Pack::Merged => item::merge(earlier, parcel.item.clone()),
            _ => items.push((parcel.subscription, parcel.item.clone())),
        }
    }
    json!({"value": items.into_iter().map(|(_, item)| item).collect::<Vec<_>>()})
}

/// Sends one request and remembers how it went.
pub(in super::super) async fn send(shared: &Shared, app: Uuid, url: &Url, body: Value) -> Delivery {
    // a text goes as it is: forgers need not write JSON
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let request = shared.client.post(url.clone()).header("content-type", "application/json; charset=utf-8");
    let status = match request.timeout(PATIENCE).body(text).send().await {
        Ok(answer) => Some(answer.status().as_u16()),
        Err(error) => {
            tracing::debug!("graph: {url} does not take a notification: {error}");
            None
        }
    };
    let delivery = Delivery { at: chrono::Utc::now(), app, url: url.to_string(), status, body };
    shared.post.remember(delivery.clone());
    delivery
}
