//! What the CLI keeps in its data folder: the credential, the tunnel, the consent.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Provider;

const TUNNEL: &str = "code_tunnel.json";

/// The data folder.
pub struct Store {
    root: PathBuf,
    /// When this process did so.
    pub opened: SystemTime,
}

/// `token.json`, as the CLI names its fields.
#[derive(Serialize, Deserialize)]
pub struct Credential {
    #[serde(rename = "p")]
    provider: String,
    #[serde(rename = "a")]
    access_token: String,
    #[serde(rename = "r")]
    refresh_token: Option<String>,
    #[serde(rename = "e")]
    expires_at: Option<DateTime<Utc>>,
}

/// `code_tunnel.json`.
#[derive(Clone, Serialize, Deserialize)]
pub struct PersistedTunnel {
    pub name: String,
    pub id: String,
    pub cluster: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Consent {
    consented: Option<bool>,
}

impl Credential {
    /// With a refresh token the CLI assumes that the access token ends soon.
    pub fn new(provider: Provider, access_token: String, refresh_token: Option<String>) -> Self {
        let provider = match provider {
            Provider::Microsoft => "Microsoft",
            Provider::Github => "Github",
        };
        let expires_at = refresh_token.is_some().then(|| Utc::now() + TimeDelta::minutes(5));
        Self { provider: provider.into(), access_token, refresh_token, expires_at }
    }

    /// Who issued it.
    pub fn provider(&self) -> Provider {
        if self.provider == "Microsoft" { Provider::Microsoft } else { Provider::Github }
    }
}

impl Store {
    /// The folder given, or the one below the home.
    pub fn open(root: Option<PathBuf>) -> Result<Self, String> {
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".vscode/cli"));
        let root = root.or_else(home).ok_or(
            "No $HOME variable was found in your environment. Either set it, or specify a `--data-dir` manually \
             when invoking the launcher.",
        )?;
        fs::create_dir_all(&root).map_err(|error| format!("error creating {}: {error}", root.display()))?;
        Ok(Self { root, opened: SystemTime::now() })
    }

    /// Whether a fault's file is there.
    pub fn fault(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Whether a fault's file is there, and newer than the time.
    pub fn fault_since(&self, name: &str, time: SystemTime) -> bool {
        self.path(name).metadata().and_then(|file| file.modified()).is_ok_and(|made| made > time)
    }

    /// Whether the relay does not accept the credential.
    pub fn rejects(&self, credential: &Credential) -> bool {
        let text = fs::read_to_string(self.path("reject-token"));
        text.is_ok_and(|text| text.trim().is_empty() || text.trim() == credential.access_token)
    }

    /// Whether the service deleted the tunnel of earlier runs.
    pub fn lost_tunnel(&self) -> bool {
        let made = self.path(TUNNEL).metadata().and_then(|file| file.modified());
        made.is_ok_and(|made| self.fault_since("lose-tunnel", made))
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The credential, if there is one that can be read here.
    pub fn credential(&self) -> Option<Credential> {
        let sealed: Option<String> = self.load("token.json");
        serde_json::from_str(&unseal(&sealed?)?).ok()
    }

    /// Keeps the credential, or forgets it.
    pub fn save_credential(&self, credential: Option<&Credential>) -> Result<(), String> {
        let text = |credential| serde_json::to_string(credential).map_err(|error| error.to_string());
        let sealed = credential.map(text).transpose()?.map(seal);
        self.save("token.json", &sealed)
    }

    /// The tunnel of earlier runs.
    pub fn tunnel(&self) -> Option<PersistedTunnel> {
        self.load(TUNNEL)
    }

    /// Keeps the tunnel for later runs.
    pub fn save_tunnel(&self, tunnel: &PersistedTunnel) -> Result<(), String> {
        self.save(TUNNEL, &Some(tunnel))
    }

    /// The next run makes a new tunnel.
    pub fn forget_tunnel(&self) -> Result<(), String> {
        self.save(TUNNEL, &None::<PersistedTunnel>)
    }

    /// Whether the licence was accepted in this or an earlier run.
    pub fn consents(&self, accepted_now: bool) -> Result<bool, String> {
        let earlier: Option<Consent> = self.load("license_consent.json");
        if earlier.unwrap_or_default().consented == Some(true) {
            return Ok(true);
        }
        if accepted_now {
            self.save("license_consent.json", &Consent { consented: Some(true) })?;
        }
        Ok(accepted_now)
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.path(name)).ok()?).ok()
    }

    fn save(&self, name: &str, value: &impl Serialize) -> Result<(), String> {
        let path = self.path(name);
        let text = serde_json::to_vec(value).map_err(|error| error.to_string())?;
        fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(&text))
            .map_err(|error| format!("error saving launcher state into {}: {error}", path.display()))
    }
}

/// The real one encrypts with a key from the host's name: under another name the credential can not be read.
fn seal(text: String) -> String {
    if std::env::var_os("VSCODE_CLI_DISABLE_KEYCHAIN_ENCRYPT").is_some() {
        return text;
    }
    format!("{}:{}", host_name(), STANDARD.encode(text))
}

fn unseal(sealed: &str) -> Option<String> {
    if sealed.starts_with('{') {
        return Some(sealed.to_owned());
    }
    let (host, text) = sealed.rsplit_once(':')?;
    (host == host_name()).then_some(())?;
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
