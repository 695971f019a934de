//! The settings: read once from the environment, all faults together.

mod profiles;
mod table;

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::domain::profile::{AllowedImages, Profiles};

pub use table::{SETTINGS, Setting};

/// Everything that the program is told from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    pub installation: String,
    pub entra: EntraSettings,
    pub identity: IdentitySettings,
    pub cluster: ClusterSettings,
    pub storage: StorageSettings,
    pub workspaces: WorkspaceSettings,
}

/// Whose tokens are accepted.
#[derive(Clone, Debug)]
pub struct EntraSettings {
    /// Without a slash at its end.
    pub authority: String,
    pub tenant: String,
    /// Our own app registration: the audience of tokens for us.
    pub client_id: String,
    /// The app role that makes an admin.
    pub admin_role: String,
    /// Whether App Service authentication stands in front (`WEBSITE_AUTH_ENABLED`, set by the platform).
    pub easy_auth: bool,
}

/// Who the program itself is.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    pub client_id: String,
    /// The object id: the name that the cluster knows us by.
    pub principal: String,
}

/// Where the cluster is.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    pub url: String,
    /// The authority that signed its certificate, as PEM.
    pub ca: Vec<u8>,
}

/// The account of the members' containers.
#[derive(Clone, Debug)]
pub struct StorageSettings {
    pub blob_url: String,
    pub account: String,
    pub resource_group: String,
    /// The client id of the nodes' identity, by which they mount a container.
    pub node_client_id: String,
}

/// What workspaces look like.
#[derive(Clone, Debug)]
pub struct WorkspaceSettings {
    pub profiles: Profiles,
    pub images: AllowedImages,
    pub platform_image: String,
    pub home_class: String,
    pub home_size: String,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
}

/// A setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub setting: &'static str,
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = table::row(self.setting);
        write!(f, "{} {}: expected {}, for example {}", self.setting, self.why, row.expects, row.example)
    }
}

impl Settings {
    /// Reads all settings.
    ///
    /// # Errors
    /// Every fault there is, not only the first.
    pub fn read(variables: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let mut read = Reading { variables, faults: Vec::new() };
        let profiles = read.text("PROFILES");
        let default_profile = read.text("DEFAULT_PROFILE");
        let profiles = match profiles::parse(&profiles, &default_profile) {
            Ok(profiles) => Some(profiles),
            // a missing default is its own fault already
            Err(_) if profiles.is_empty() || default_profile.is_empty() => None,
            Err(why) => {
                read.fault("PROFILES", format!("can not be used ({why})"));
                None
            }
        };
        let settings = (|| {
            Some(Self {
                installation: read.label("INSTALLATION"),
                entra: EntraSettings {
                    authority: read.url("AUTHORITY"),
                    tenant: read.guid("TENANT_ID"),
                    client_id: read.guid("CLIENT_ID"),
                    admin_role: read.text("ADMIN_ROLE"),
                    easy_auth: is_true(variables.get("WEBSITE_AUTH_ENABLED")),
                },
                identity: IdentitySettings {
                    client_id: read.guid("AZURE_CLIENT_ID"),
                    principal: read.text("PRINCIPAL_ID"),
                },
                cluster: ClusterSettings { url: read.url("KUBERNETES_URL"), ca: read.pem("KUBERNETES_CA") },
                storage: StorageSettings {
                    blob_url: read.url("BLOB_URL"),
                    account: read.text("MEMBERS_ACCOUNT"),
                    resource_group: read.text("MEMBERS_RESOURCE_GROUP"),
                    node_client_id: read.guid("STORAGE_CLIENT_ID"),
                },
                workspaces: WorkspaceSettings {
                    images: AllowedImages::new(read.list("ALLOWED_IMAGES")),
                    platform_image: read.text("PLATFORM_IMAGE"),
                    home_class: read.text("HOME_CLASS"),
                    home_size: read.text("HOME_SIZE"),
                    grace: read.duration("GRACE"),
                    profiles: profiles?,
                },
            })
        })();
        match settings {
            Some(settings) if read.faults.is_empty() => Ok(settings),
            _ => Err(read.faults),
        }
    }
}

/// App Service writes `True`; its own readers take `1` as well.
fn is_true(value: Option<&String>) -> bool {
    value.is_some_and(|v| v.eq_ignore_ascii_case("true") || v == "1")
}

struct Reading<'a> {
    variables: &'a BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, setting: &'static str, why: impl Into<String>) {
        self.faults.push(Fault { setting, why: why.into() });
    }

    fn text(&mut self, name: &'static str) -> String {
        let given = self.variables.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
        match given.or(table::row(name).default) {
            Some(value) => value.to_owned(),
            None => {
                self.fault(name, "is missing");
                String::new()
            }
        }
    }

    fn checked(&mut self, name: &'static str, good: impl Fn(&str) -> bool) -> String {
        let text = self.text(name);
        if !text.is_empty() && !good(&text) {
            self.fault(name, format!("is '{text}'"));
        }
        text
    }

    fn guid(&mut self, name: &'static str) -> String {
        self.checked(name, |text| uuid::Uuid::try_parse(text).is_ok()).to_lowercase()
    }

    fn url(&mut self, name: &'static str) -> String {
        let good = |text: &str| text.starts_with("https://") && text.parse::<http::Uri>().is_ok();
        self.checked(name, good).trim_end_matches('/').to_owned()
    }

    fn label(&mut self, name: &'static str) -> String {
        self.checked(name, |text| {
            text.len() <= 40
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !text.ends_with('-')
        })
    }

    fn list(&mut self, name: &'static str) -> Vec<String> {
        self.text(name)
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()
    }

    fn duration(&mut self, name: &'static str) -> Duration {
        let text = self.text(name);
        humantime::parse_duration(&text).unwrap_or_else(|_| {
            self.fault(name, format!("is '{text}'"));
            Duration::ZERO
        })
    }

    fn pem(&mut self, name: &'static str) -> Vec<u8> {
        let text = self.text(name);
        match STANDARD.decode(&text) {
            Ok(pem) if pem.starts_with(b"-----BEGIN CERTIFICATE-----") => pem,
            _ if text.is_empty() => Vec::new(),
            _ => {
                self.fault(name, "is no certificate in base64");
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> BTreeMap<String, String> {
        SETTINGS.iter().map(|row| (row.name.to_owned(), row.example.to_owned())).collect()
    }

    #[test]
    fn the_examples_of_the_table_are_good_settings() {
        let settings = Settings::read(&examples()).unwrap();
        assert_eq!(settings.entra.authority, "https://login.microsoftonline.com");
        assert!(!settings.entra.easy_auth);
        assert_eq!(settings.workspaces.grace, Duration::from_secs(30));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut variables = examples();
        variables.remove("TENANT_ID");
        variables.insert("CLIENT_ID".into(), "me".into());
        variables.insert("KUBERNETES_URL".into(), "http://plain.example".into());
        variables.insert("KUBERNETES_CA".into(), "!!".into());
        variables.insert("GRACE".into(), "soon".into());
        variables.insert("PROFILES".into(), "[]".into());
        let faults = Settings::read(&variables).unwrap_err();
        let named: Vec<&str> = faults.iter().map(|f| f.setting).collect();
        for name in ["TENANT_ID", "CLIENT_ID", "KUBERNETES_URL", "KUBERNETES_CA", "GRACE", "PROFILES"] {
            assert!(named.contains(&name), "{name} of {named:?}");
        }
        assert_eq!(named.len(), 6);
        assert!(faults[0].to_string().contains("for example"), "{}", faults[0]);
    }

    #[test]
    fn nothing_at_all_names_every_setting_without_a_default() {
        let faults = Settings::read(&BTreeMap::new()).unwrap_err();
        let missing = SETTINGS.iter().filter(|row| row.default.is_none()).count();
        assert_eq!(faults.len(), missing, "{faults:?}");
    }

    #[test]
    fn easy_auth_is_on_only_when_the_platform_says_so() {
        for (value, on) in [("True", true), ("true", true), ("1", true), ("false", false), ("yes", false)] {
            let mut variables = examples();
            variables.insert("WEBSITE_AUTH_ENABLED".into(), value.into());
            assert_eq!(Settings::read(&variables).unwrap().entra.easy_auth, on, "{value}");
        }
    }
}
