//! The program's ground: settings, the clock, and a client for each party. Made once.

pub mod flight;
mod sent_for;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use azure_core::credentials::TokenCredential;
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use self::{flight::Flight, sent_for::SentFor};
use crate::{
    api::problem::{Code, Problem},
    cluster::Cluster,
    config::{Fault, InboxSettings, Settings},
    device_flow::DeviceFlow,
    graph::Graph,
    identity::{entra::Entra, own},
    storage::{Queue, Storage},
};

/// What every function is handed.
pub struct App {
    inbox: Result<Inbox, Vec<String>>,
    ready: Result<Ready, Vec<String>>,
}

/// What a notification needs; it stands also while other settings are faulty.
pub struct Inbox {
    pub settings: InboxSettings,
    pub queue: Queue,
    credential: Arc<dyn TokenCredential>,
}

/// An app whose settings are good.
pub struct Ready {
    pub settings: Settings,
    pub cluster: Cluster,
    pub storage: Storage,
    pub queue: Queue,
    pub graph: Graph,
    pub device_flow: DeviceFlow,
    pub entra: Entra,
    /// Held by a turn that sees people off. It is no memory and decides nothing: whoever waits for it finds less to do.
    pub leaving: Mutex<()>,
    /// The comparisons that notifications ask for.
    pub comparing: Flight,
    pub sent_for: SentFor,
}

impl App {
    /// Reads the settings and makes the clients. Faults do not end the program: it goes on and says them.
    #[must_use]
    pub fn new(variables: &BTreeMap<String, String>) -> Self {
        let told = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect();
        let inbox = InboxSettings::read(variables)
            .map_err(told)
            .and_then(|settings| Inbox::new(settings).map_err(|e| vec![format!("{e:#}")]));
        let ready = match (Settings::read(variables), &inbox) {
            (Err(faults), _) => Err(told(faults)),
            (Ok(_), Err(faults)) => Err(faults.clone()),
            (Ok(settings), Ok(inbox)) => Ready::new(settings, inbox).map_err(|e| vec![format!("{e:#}")]),
        };
        Self { inbox, ready }
    }

    /// # Errors
    /// Lists the faults of the settings.
    pub fn ready(&self) -> Result<&Ready, Problem> {
        self.ready.as_ref().map_err(|faults| not_set_up(faults))
    }

    /// # Errors
    /// Lists the faults of the few settings that it needs.
    pub fn inbox(&self) -> Result<&Inbox, Problem> {
        self.inbox.as_ref().map_err(|faults| not_set_up(faults))
    }

    /// What is wrong with the settings.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        self.ready.as_ref().err().map_or(&[], Vec::as_slice)
    }
}

fn not_set_up(faults: &[String]) -> Problem {
    Problem::new(Code::Settings, format!("dcaas is not set up: {}", faults.join("; ")))
        .next("An admin has to mend these settings of the function app.")
}

impl Inbox {
    fn new(settings: InboxSettings) -> anyhow::Result<Self> {
        let credential =
            own::credential(&settings.identity).context("the platform offers no managed identity")?;
        let queue = Queue::new(&settings.queue, credential.clone()).context("QUEUE_URL can not be used")?;
        Ok(Self { settings, queue, credential })
    }
}

impl Ready {
    fn new(settings: Settings, inbox: &Inbox) -> anyhow::Result<Self> {
        let credential = inbox.credential.clone();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()
            .context("no client for Entra can be made")?;
        Ok(Self {
            cluster: Cluster::new(&settings.installation, &settings.cluster, credential.clone())
                .map_err(|e| anyhow::anyhow!("KUBERNETES_URL or KUBERNETES_CA can not be used: {e}"))?,
            graph: Graph::new(&settings.graph, credential.clone())
                .context("no client for Graph can be made")?,
            device_flow: DeviceFlow::new(&settings.sign_in, reqwest::Client::builder())
                .context("no client for sign-ins can be made")?,
            queue: inbox.queue.clone(),
            storage: Storage::new(&settings.storage, credential).context("BLOB_URL can not be used")?,
            entra: Entra::new(&settings.entra, client),
            leaving: Mutex::default(),
            comparing: Flight::default(),
            sent_for: SentFor::default(),
            settings,
        })
    }

    /// The time, asked here and nowhere else.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
