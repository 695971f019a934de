//! The queue trigger: polling, leases, deletion, release and poison, as Storage.Queues 5.x does them (SOURCES 4).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::{sync::Notify, time::sleep};

use super::{
    call::invoke,
    core::Core,
    envelope::{self, Facts},
    log::{Level, Log},
    storage::{Account, Message},
};

/// Fixed in the extension, and not `visibilityTimeout`.
const LEASE: Duration = Duration::from_secs(600);
const RENEW: Duration = Duration::from_secs(300);
const RENEW_AFTER_ERROR: Duration = Duration::from_secs(60);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// One queue function's trigger.
pub struct Listener {
    pub function: String,
    pub binding: String,
    pub queue: String,
    pub binary: bool,
    pub account: Account,
}

/// Polls until the host drains or stops.
pub async fn listen(core: Arc<Core>, listener: Listener) {
    let rules = core.app.host.queues.clone();
    let listener = Arc::new(listener);
    let (flying, landed) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let mut backoff = Backoff { pause: SHORTEST_PAUSE, tries: 0, longest: rules.longest_pause };
    while core.is_listening() {
        // a new batch only when few enough are under way
        let landing = landed.notified();
        if flying.load(Ordering::Acquire) > rules.threshold {
            core.unless_stopping(landing).await;
            continue;
        }
        let messages = match listener.account.take(&listener.queue, rules.batch, LEASE).await {
            Ok(messages) => messages,
            Err(error) => {
                core.log.write(Level::Warning, "Host.Queues", &format!("{}: {error:#}", listener.queue));
                Vec::new()
            }
        };
        let pause = backoff.next(!messages.is_empty());
        for message in messages {
            flying.fetch_add(1, Ordering::AcqRel);
            let (all, listener, flying, landed) =
                (core.clone(), listener.clone(), flying.clone(), landed.clone());
            core.spawn(async move {
                if let Err(error) = process(&all, &listener, message).await {
                    all.log.write(Level::Error, "Host.Queues", &format!("{}: {error:#}", listener.queue));
                }
                flying.fetch_sub(1, Ordering::AcqRel);
                landed.notify_one();
            });
        }
        core.unless_stopping(sleep(pause)).await;
    }
}

/// One message from its lease to its end.
async fn process(core: &Core, listener: &Listener, message: Message) -> Result<()> {
    let rules = &core.app.host.queues;
    let poison = poison_queue(&listener.queue);
    // since 5.3.8 the limit does not hold for a trigger on a poison queue
    let last = poison.is_some();
    let (id, count) = (&message.message_id, message.dequeue_count);
    if last && count > rules.max_dequeue {
        return bury(core, listener, &message, &message.pop_receipt, "was dequeued more often than allowed")
            .await;
    }
    let body = match rules.base64 {
        true => BASE64_STANDARD.decode(message.text.trim()).ok(),
        false => Some(message.text.clone().into_bytes()),
    };
    let Some(body) = body else {
        return bury(core, listener, &message, &message.pop_receipt, "is not base64").await;
    };
    let (receipt, done) =
        renewing(listener, &message, &core.log, call(core, listener, &message, &body)).await;
    match done {
        Ok(()) => listener.account.delete(&listener.queue, id, &receipt).await,
        Err(why) if last && count >= rules.max_dequeue => {
            bury(core, listener, &message, &receipt, &format!("failed {count} times, last: {why}")).await
        }
        Err(_) => listener.account.hide(&listener.queue, id, &receipt, rules.visibility).await.map(drop),
    }
}

async fn call(core: &Core, listener: &Listener, message: &Message, body: &[u8]) -> Result<(), String> {
    let text = match listener.binary {
        true => None,
        false => Some(std::str::from_utf8(body).map_err(|_| "the message is not UTF-8".to_owned())?),
    };
    let facts = Facts {
        id: Some(message.message_id.clone()),
        pop_receipt: Some(message.pop_receipt.clone()),
        dequeue_count: message.dequeue_count,
        inserted: message.insertion_time,
        expires: Some(message.expiration_time),
        visible: Some(message.time_next_visible),
    };
    let (value, metadata) = envelope::queue(body, text, &facts);
    let body = envelope::request(&listener.function, &listener.binding, value, metadata);
    let reason = format!("New queue message detected on '{}'.", listener.queue);
    invoke(core, &listener.function, &reason, &body).await
}

/// Renews the lease while `work` runs; gives the last pop receipt.
async fn renewing<T>(
    listener: &Listener,
    message: &Message,
    log: &Log,
    work: impl Future<Output = T>,
) -> (String, T) {
    tokio::pin!(work);
    let mut receipt = message.pop_receipt.clone();
    let mut wait = Some(RENEW);
    loop {
        tokio::select! {
            done = &mut work => return (receipt, done),
            () = sleep(wait.unwrap_or(RENEW)), if wait.is_some() => {
                match listener.account.hide(&listener.queue, &message.message_id, &receipt, LEASE).await {
                    Ok(Some(newer)) => {
                        receipt = newer;
                        wait = Some(RENEW);
                    }
                    // somebody else has it now: renewing stops, the invocation goes on
                    Ok(None) => wait = None,
                    Err(error) => {
                        log.write(Level::Warning, "Host.Queues", &format!("a lease was not renewed: {error:#}"));
                        wait = Some(RENEW_AFTER_ERROR);
                    }
                }
            }
        }
    }
}

/// Copies a message to the poison queue, with a new id and its text as it was, and deletes it.
async fn bury(core: &Core, listener: &Listener, message: &Message, receipt: &str, why: &str) -> Result<()> {
    let Some(poison) = poison_queue(&listener.queue) else {
        let text = format!(
            "Message {} {why}; {} has no poison queue, so it stays invisible",
            message.message_id, listener.queue
        );
        core.log.write(Level::Warning, "Host.Queues", &text);
        return Ok(());
    };
    let text = format!("Message {} {why}. Moving it to queue '{poison}'.", message.message_id);
    core.log.write(Level::Warning, "Host.Queues", &text);
    listener.account.put(&poison, &message.text).await?;
    listener.account.delete(&listener.queue, &message.message_id, receipt).await
}

/// The name of a queue's poison queue; none for one that is a poison queue, or whose name leaves no room.
fn poison_queue(queue: &str) -> Option<String> {
    let poison = format!("{queue}-poison");
    (!queue.ends_with("-poison") && poison.len() <= 63).then_some(poison)
}

/// 100 ms after a message, else doubling with a fifth of chance up to the longest pause.
struct Backoff {
    pause: Duration,
    tries: i32,
    longest: Duration,
}

impl Backoff {
    fn next(&mut self, found: bool) -> Duration {
        if found {
            (self.pause, self.tries) = (SHORTEST_PAUSE, 0);
            return self.pause;
        }
        if self.pause < self.longest {
            let chance = 0.8 + 0.4 * f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
            let more = if self.tries > 0 { 2f64.powi(self.tries - 1) * chance } else { 0.0 };
            self.pause = SHORTEST_PAUSE.mul_f64(1.0 + more).min(self.longest);
            self.tries += 1;
        }
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_start_again_after_a_message() {
        let mut backoff = Backoff { pause: SHORTEST_PAUSE, tries: 0, longest: Duration::from_secs(5) };
        let pauses: Vec<Duration> = (0..9).map(|_| backoff.next(false)).collect();
        assert_eq!(pauses[0], SHORTEST_PAUSE);
        assert!(pauses[1] >= Duration::from_millis(180) && pauses[1] <= Duration::from_millis(220));
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses[8], Duration::from_secs(5));
        assert_eq!(backoff.next(true), SHORTEST_PAUSE);
    }

    #[test]
    fn a_poison_queue_has_none_of_its_own() {
        assert_eq!(poison_queue("members").as_deref(), Some("members-poison"));
        assert_eq!(poison_queue("members-poison"), None);
        assert_eq!(poison_queue(&"m".repeat(57)), None);
    }
}
