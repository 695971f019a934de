//! What all parts of a running host share, and the background work that a stop waits for.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use super::{
    Limits, app::App, child::Phase, easy_auth, function_json::Trigger, log::Log, queue, storage::Account,
    supervisor::Supervisor, timer,
};
use crate::strict::Oddities;

/// What all parts of a host share.
pub(super) struct Core {
    pub(super) app: App,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) limits: Limits,
    pub(super) log: Log,
    pub(super) oddities: Oddities,
    pub(super) supervisor: Supervisor,
    pub(super) easy_auth: Option<easy_auth::Checker>,
    pub(super) storage: Option<Account>,
    pub(super) calls: AtomicU64,
    pub(super) draining: AtomicBool,
    pub(super) stopping: watch::Sender<bool>,
    pub(super) tasks: watch::Sender<usize>,
}

impl Core {
    /// Starts the listeners of queue and timer triggers.
    pub(super) fn listen(self: &Arc<Self>) {
        for function in &self.app.functions {
            match (function.trigger.clone(), self.storage.clone()) {
                (Trigger::Queue { binding, queue, binary }, Some(account)) => {
                    let listener =
                        queue::Listener { function: function.name.clone(), binding, queue, binary, account };
                    self.spawn(queue::listen(self.clone(), listener));
                }
                (Trigger::Timer { binding, schedule, run_on_startup, monitor }, _) => {
                    let function = function.name.clone();
                    let listener = timer::Listener { function, binding, schedule, run_on_startup, monitor };
                    self.spawn(timer::listen(self.clone(), listener));
                }
                _ => {}
            }
        }
    }

    /// Runs work in the background; a stop waits for it.
    pub(super) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let core = self.clone();
        core.tasks.send_modify(|tasks| *tasks += 1);
        tokio::spawn(async move {
            work.await;
            core.tasks.send_modify(|tasks| *tasks -= 1);
        });
    }

    /// Waits until nothing of that is left, up to `limit`.
    pub(super) async fn idle(&self, limit: Duration) {
        let _ = timeout(limit, self.tasks.subscribe().wait_for(|tasks| *tasks == 0)).await;
    }

    /// Whether listeners still take work.
    pub(super) fn is_listening(&self) -> bool {
        !*self.stopping.borrow() && !self.draining.load(Ordering::Relaxed) && !self.is_stopped()
    }

    /// Whether the host has given the executable up, or was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(*self.supervisor.phase.borrow(), Phase::Stopped(_))
    }

    /// Waits for `what`, but no longer than until the host stops.
    pub(super) async fn unless_stopping(&self, what: impl Future<Output = ()>) {
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            () = what => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
}
