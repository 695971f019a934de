//! What stands between an installation and each party: it counts requests and plays faults on them.

mod counts;
mod fault;
mod forward;
mod refusal;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use reqwest::Url;

pub use counts::{Count, Counts};
pub use fault::{Delay, Fault, Faults, Kind, Status, Word};

use crate::certificates::Authority;
use crate::listener::Listener;
use crate::strict::Oddities;

/// Somebody the installation talks to: `kubernetes`, `blob`, `queue`, `entra`, `identity`, `graph`, `github`.
#[derive(Clone, Debug)]
pub struct Party {
    pub name: &'static str,
    /// Where it really is. The gate listens with https if this is https; the path stays as it is.
    pub upstream: Url,
}

/// One installation's gate: a listener for each party.
pub struct Gate {
    parties: BTreeMap<&'static str, (Url, Listener)>,
    shared: Arc<Shared>,
}

/// What the listeners share.
struct Shared {
    client: reqwest::Client,
    oddities: Oddities,
    faults: Mutex<Faults>,
    counts: Mutex<Counts>,
    kill: Mutex<Option<Kill>>,
}

type Kill = Arc<dyn Fn() + Send + Sync>;

impl Gate {
    /// Starts to listen for every party. The client has to trust the parties' certificates.
    pub async fn start(
        ca: &Authority,
        parties: Vec<Party>,
        client: reqwest::Client,
        oddities: Oddities,
    ) -> anyhow::Result<Self> {
        let counts = parties.iter().map(|party| (party.name, Count::default())).collect();
        let shared = Arc::new(Shared {
            client,
            oddities,
            faults: Mutex::default(),
            counts: Mutex::new(counts),
            kill: Mutex::default(),
        });
        let leaf = ca.server_leaf(&["gate"])?;
        let mut listeners = BTreeMap::new();
        for Party { name, upstream } in parties {
            let tls = if upstream.scheme() == "https" { Some(leaf.rustls_server()?) } else { None };
            let (shared, base) = (shared.clone(), upstream.origin().ascii_serialization());
            let base: Arc<str> = base.into();
            let listener = Listener::start(tls, move |request| {
                forward::answer(shared.clone(), name, base.clone(), request)
            });
            let listener = listener.await.with_context(|| format!("no gate for {name}"))?;
            let mut url = listener.url()?;
            url.set_path(upstream.path());
            listeners.insert(name, (url, listener));
        }
        Ok(Self { parties: listeners, shared })
    }

    /// Where the installation finds a party: the party's address with the gate's host and port in it.
    pub fn url(&self, party: &str) -> anyhow::Result<Url> {
        let (url, _) = self.parties.get(party).with_context(|| self.unknown(party))?;
        Ok(url.clone())
    }

    /// What a `kill-before` or `kill-after` calls; it has to kill at once and not wait.
    pub fn on_kill(&self, kill: Kill) {
        *self.shared.kill.lock().unwrap_or_else(PoisonError::into_inner) = Some(kill);
    }

    /// What was seen since the start or the last reset.
    pub fn counts(&self) -> Counts {
        self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        let mut counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values_mut().for_each(|count| *count = Count::default());
    }

    /// Switches a fault on. Refused if it names a party that this gate does not have.
    pub fn add_fault(&self, fault: Fault) -> anyhow::Result<()> {
        if !self.parties.contains_key(fault.party.as_str()) {
            bail!(self.unknown(&fault.party));
        }
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).add(fault);
        Ok(())
    }

    /// Switches all faults off; requests that hang already go on hanging.
    pub fn clear_faults(&self) {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Closes all ports and all connections.
    pub async fn stop(&self) {
        for (_, listener) in self.parties.values() {
            listener.stop().await;
        }
    }

    fn unknown(&self, party: &str) -> String {
        let known: Vec<_> = self.parties.keys().copied().collect();
        format!("the gate has no party {party:?}; name one of {}", known.join(", "))
    }
}
