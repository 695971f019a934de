//! Azure Storage's queues and blobs: Azurite, over https and with tokens.
//!
//! What it looks at: of a bearer token `aud` (`https://storage.azure.com`, with or without a slash), `iss`
//! (`https://sts.windows.net/…`) and the times, not the signature; with an account key the path, the query and
//! the `x-ms-` headers. The account stands in the path. The host and port that a client called do not
//! matter, as long as the host is an address or `localhost`, so a gate may stand before it.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use crate::certificates::Authority;
use crate::process::{Child, Program};

/// So many storage accounts are made at the start, two for an installation: Azurite learns of them only then.
const ACCOUNTS: usize = 800;
const START: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(5);

/// A running Azurite; its data is in memory and goes with it.
pub struct Azurite {
    child: Child,
    blob: Url,
    queue: Url,
    free: Mutex<Vec<(String, String)>>,
}

/// A storage account.
#[derive(Clone)]
pub struct Account {
    pub name: String,
    pub key: String,
    /// `https://127.0.0.1:PORT/NAME/`
    pub blob: Url,
    pub queue: Url,
}

impl Azurite {
    /// Starts the Azurite under `node_modules_parent`; its certificates, log and files go to `state`.
    pub async fn start(node_modules_parent: &Path, state: &Path, ca: &Authority) -> anyhow::Result<Self> {
        let script = node_modules_parent.join("node_modules/azurite/dist/src/azurite.js");
        if !script.exists() {
            let folder = node_modules_parent.display();
            bail!("{} is missing; install it: npm ci --prefix {folder}", script.display());
        }
        std::fs::create_dir_all(state).with_context(|| format!("{} can not be made", state.display()))?;
        let leaf = ca.server_leaf(&["azurite"])?;
        let (certificate, key) = (state.join("azurite.crt"), state.join("azurite.key"));
        std::fs::write(&certificate, &leaf.certificate_pem)?;
        std::fs::write(&key, &leaf.key_pem)?;

        let free = (0..ACCOUNTS).rev().map(new_account).collect::<anyhow::Result<Vec<_>>>()?;
        let accounts: Vec<String> = free.iter().map(|(name, key)| format!("{name}:{key}")).collect();
        let child = Program::new("azurite", "node", state.join("azurite.log"))
            .args([script.as_os_str()])
            .args(["--inMemoryPersistence", "--disableTelemetry", "--silent", "--oauth", "basic"])
            .args(["--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1"])
            .args(["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"])
            .args(["--cert".as_ref(), certificate.as_os_str(), "--key".as_ref(), key.as_os_str()])
            .env("AZURITE_ACCOUNTS", accounts.join(";"))
            .env("HOME", state.to_string_lossy())
            .in_dir(state)
            .start()
            .await?;
        let (blob, queue) = child
            .says(START, |output| Some((listens(output, "Blob")?, listens(output, "Queue")?)))
            .await
            .context("Azurite does not start; is Node.js there and new enough? node --version")?;
        Ok(Self { child, blob, queue, free: Mutex::new(free) })
    }

    /// A storage account that nobody else has.
    pub fn take_account(&self) -> anyhow::Result<Account> {
        let taken = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (name, key) = taken.with_context(|| {
            format!("all {ACCOUNTS} storage accounts of this world are taken; end it and start a new one")
        })?;
        let (blob, queue) = (self.blob.join(&format!("{name}/"))?, self.queue.join(&format!("{name}/"))?);
        Ok(Account { name, key, blob, queue })
    }

    /// Ends it; all queues and blobs are gone then.
    pub async fn stop(&self) {
        self.child.stop(GRACE).await;
    }
}

impl Account {
    /// As the Functions host gets it in `AzureWebJobsStorage`.
    pub fn connection_string(&self) -> String {
        let trim = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        format!(
            "DefaultEndpointsProtocol=https;AccountName={};AccountKey={};BlobEndpoint={};QueueEndpoint={};",
            self.name,
            self.key,
            trim(&self.blob),
            trim(&self.queue)
        )
    }
}

/// A name as Azure's are: 3 to 24 small letters and digits, with nothing in it that tells what it is for.
fn new_account(number: usize) -> anyhow::Result<(String, String)> {
    let mut bytes = [0; 64];
    rand::fill(&mut bytes).ok().context("no random key could be made")?;
    let name = format!("st{number:03}{:02x}{:02x}{:02x}", bytes[0], bytes[1], bytes[2]);
    rand::fill(&mut bytes).ok().context("no random key could be made")?;
    Ok((name, STANDARD.encode(bytes)))
}

/// Finds where a part of Azurite listens in what it prints.
fn listens(output: &str, part: &str) -> Option<Url> {
    let begin = format!("Azurite {part} service is successfully listening at ");
    let line = output.lines().find_map(|line| line.strip_prefix(&begin))?;
    Url::parse(&format!("{}/", line.trim().trim_end_matches('/'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_are_found_in_what_azurite_prints() {
        let output = "Azurite Blob service is starting at https://127.0.0.1:0\n\
                      Azurite Blob service is successfully listening at https://127.0.0.1:41001\n\
                      Azurite Queue service is successfully listening at https://127.0.0.1:41002\n";
        let found = |part| listens(output, part).map(String::from);
        assert_eq!(found("Blob").as_deref(), Some("https://127.0.0.1:41001/"));
        assert_eq!(found("Queue").as_deref(), Some("https://127.0.0.1:41002/"));
        assert_eq!(found("Table"), None);
    }

    #[test]
    fn accounts_have_names_that_azure_would_take_and_keys_of_their_own() {
        let (first, second) = (new_account(0).unwrap(), new_account(1).unwrap());
        assert_ne!(first.1, second.1);
        assert_eq!(STANDARD.decode(first.1).unwrap().len(), 64);
        assert!((3..=24).contains(&first.0.len()));
        assert!(first.0.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    }
}
