//! What of the CLI's state outlives a pod: the tunnel and the licence's consent, on the home disk. Nothing else.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::voice::Voice;
use crate::pod;

const TUNNEL: &str = "code_tunnel.json";
const CONSENT: &str = "license_consent.json";
/// Never on the home disk; found there, it goes.
const TOKEN: &str = "token.json";
/// Both are some dozens of bytes long; what is longer is something else.
const FILE_BYTES: u64 = 16 * 1024;
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Copies the files between the home disk and the CLI's folder, which is local: its lock and its socket must be.
#[derive(Clone)]
pub struct Kept {
    home: Option<PathBuf>,
    data: PathBuf,
    tunnel: String,
    voice: Voice,
    /// What was complained about last: it is said once.
    complaint: Arc<Mutex<String>>,
}

impl Kept {
    /// For the tunnel of that name, with its state in `data`; without a home nothing is kept.
    pub fn new(home: Option<&Path>, data: &Path, tunnel: &str, voice: Voice) -> Self {
        let home = home.map(|home| home.join(pod::KEPT));
        let (data, tunnel) = (data.to_owned(), tunnel.to_lowercase());
        Self { home, data, tunnel, voice, complaint: Arc::default() }
    }

    /// Puts what an earlier pod left into the CLI's folder. What is there already is newer.
    pub async fn restore(&self) {
        self.away_from_here(Self::restore_now).await;
    }

    /// Puts it on the home disk whenever it changed.
    pub async fn save_for_ever(self) {
        loop {
            sleep(SAVE_EVERY).await;
            self.save().await;
        }
    }

    /// Puts what changed on the home disk.
    pub async fn save(&self) {
        self.away_from_here(Self::save_now).await;
    }

    /// Whether the CLI's tunnel has another name than ours: it took one when ours was in use.
    pub fn is_another(&self) -> bool {
        tunnel_name(&self.data.join(TUNNEL)).is_some_and(|name| name != self.tunnel)
    }

    /// Forgets a tunnel of another name.
    pub fn forget(&self) {
        let _ = fs::remove_file(self.data.join(TUNNEL));
    }

    /// A disk may be slow, and the agent has one thread only.
    async fn away_from_here(&self, work: fn(&Self, &Path) -> Result<(), String>) {
        let kept = self.clone();
        let done = tokio::task::spawn_blocking(move || match &kept.home {
            Some(home) => work(&kept, home),
            None => Ok(()),
        });
        let complaint = done.await.ok().and_then(Result::err).unwrap_or_default();
        let last = {
            let mut last = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *last, complaint.clone())
        };
        if !complaint.is_empty() && complaint != last {
            self.voice.say(&complaint);
        }
    }

    fn restore_now(&self, home: &Path) -> Result<(), String> {
        if fs::remove_file(home.join(TOKEN)).is_ok() {
            self.voice.say("a token on the home disk, left by an earlier version, was removed");
        }
        let mut strange = Vec::new();
        for name in [TUNNEL, CONSENT] {
            let (from, to) = (home.join(name), self.data.join(name));
            match read(name, &from) {
                Some(text) if !to.exists() => write(&to, &text)?,
                None if from.symlink_metadata().is_ok() => strange.push(name),
                _ => {}
            }
        }
        match strange.as_slice() {
            [] => Ok(()),
            names => {
                Err(format!("what the home disk has of the tunnel can not be read: {}", names.join(", ")))
            }
        }
    }

    fn save_now(&self, home: &Path) -> Result<(), String> {
        for name in [TUNNEL, CONSENT] {
            let (from, to) = (self.data.join(name), home.join(name));
            let ours = name != TUNNEL || !self.is_another();
            if let Some(text) =
                read(name, &from).filter(|text| ours && read(name, &to).as_ref() != Some(text))
            {
                fs::create_dir_all(home).map_err(|error| sorry(home, &error))?;
                write(&to, &text)?;
            }
        }
        Ok(())
    }
}

/// The file's text, if it is what the CLI writes there.
fn read(name: &str, path: &Path) -> Option<String> {
    path.symlink_metadata().ok().filter(|file| file.is_file() && file.len() <= FILE_BYTES)?;
    let text = fs::read_to_string(path).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    let whole = match name {
        TUNNEL => ["name", "id", "cluster"].iter().all(|field| value[field].is_string()),
        _ => value["consented"].is_boolean(),
    };
    whole.then_some(text)
}

fn tunnel_name(path: &Path) -> Option<String> {
    let value: Value = serde_json::from_str(&read(TUNNEL, path)?).ok()?;
    Some(value["name"].as_str()?.to_lowercase())
}

/// Whole or not at all, however the pod ends.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let new = path.with_extension("new");
    let written = || {
        // no secret, and the next image's user may be another one of the home's group
        let mut file =
            fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o660).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().map_err(|error| sorry(path, &error))
}

fn sorry(path: &Path, error: &std::io::Error) -> String {
    format!("{} can not be written, so the tunnel may get a new address: {error}", path.display())
}

#[cfg(test)]
mod tests;
