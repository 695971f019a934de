//! The program's ground: settings, the clock, and a client for each party. Made once.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};

use crate::{
    api::problem::{Code, Problem},
    cluster::Cluster,
    config::Settings,
    identity::{entra::Entra, own},
    storage::Storage,
};

/// What every function is handed.
pub struct App {
    ready: Result<Ready, Vec<String>>,
}

/// An app whose settings are good.
pub struct Ready {
    pub settings: Settings,
    pub cluster: Cluster,
    pub storage: Storage,
    pub entra: Entra,
}

impl App {
    /// Reads the settings and makes the clients. Faults do not end the program: it goes on and says them.
    #[must_use]
    pub fn new(variables: &BTreeMap<String, String>) -> Self {
        let ready = Settings::read(variables)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
            .and_then(|settings| Ready::new(settings).map_err(|e| vec![format!("{e:#}")]));
        Self { ready }
    }

    /// # Errors
    /// Lists the faults of the settings.
    pub fn ready(&self) -> Result<&Ready, Problem> {
        self.ready.as_ref().map_err(|faults| {
            Problem::new(Code::Settings, format!("dcaas is not set up: {}", faults.join("; ")))
                .next("An admin has to mend these settings of the function app.")
        })
    }

    /// What is wrong with the settings.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        self.ready.as_ref().err().map_or(&[], Vec::as_slice)
    }
}

impl Ready {
    fn new(settings: Settings) -> anyhow::Result<Self> {
        let credential =
            own::credential(&settings.identity).context("the platform offers no managed identity")?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()
            .context("no client for Entra can be made")?;
        Ok(Self {
            cluster: Cluster::new(&settings.installation, &settings.cluster, credential.clone())
                .map_err(|e| anyhow::anyhow!("KUBERNETES_URL or KUBERNETES_CA can not be used: {e}"))?,
            storage: Storage::new(&settings.storage, credential).context("BLOB_URL can not be used")?,
            entra: Entra::new(&settings.entra, client),
            settings,
        })
    }

    /// The time, asked here and nowhere else.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
