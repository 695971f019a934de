//! The settings: read once from the environment, all faults together.

mod idle;
mod night;
mod profiles;
mod reading;
mod table;

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono::{DateTime, Utc};

use crate::domain::{
    gates::Gates,
    idleness::IdlePolicies,
    profile::{AllowedImages, Profiles},
    sign_in::Provider,
};
use crate::plan::budget::Budget;

use reading::Reading;
pub use reading::Secret;
pub use table::{SETTINGS, Setting};

/// Everything that the program is told from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    pub installation: String,
    pub entra: EntraSettings,
    pub identity: IdentitySettings,
    pub graph: GraphSettings,
    pub sign_in: SignInSettings,
    pub queue: QueueSettings,
    pub cluster: ClusterSettings,
    pub storage: StorageSettings,
    pub workspaces: WorkspaceSettings,
    pub leaving: LeavingSettings,
    /// What each member may spend in a month.
    pub budget: Budget,
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

/// The group, and how Microsoft Graph tells of it.
#[derive(Clone, Debug)]
pub struct GraphSettings {
    /// Without a slash at its end.
    pub url: String,
    /// The group's object id, in lower case.
    pub group: String,
    /// The groups that open profiles, by object id, in lower case.
    pub gates: Vec<String>,
    /// What a subscription watches: the path of the group.
    pub resource: String,
    /// Where Graph sends its notifications.
    pub notification_url: String,
    /// What a notification has to carry.
    pub client_state: Secret,
}

/// Where members sign in to the tunnel.
#[derive(Clone, Debug)]
pub struct SignInSettings {
    /// Who is asked where a member chooses nobody.
    pub provider: Provider,
    /// GitHub's site and its API; these and the next without a slash at the end.
    pub github_url: String,
    pub github_api_url: String,
    /// Microsoft's sign-in, without a tenant: the account may be of any organisation.
    pub microsoft_url: String,
}

/// The queue of messages.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// The queue endpoint of the host's own account.
    pub url: String,
}

/// The little that a notification needs. It is read by itself, so that no other fault loses a notification.
#[derive(Clone, Debug)]
pub struct InboxSettings {
    pub tenant: String,
    pub client_state: Secret,
    pub queue: QueueSettings,
    /// The client id of our own identity.
    pub identity: String,
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
    pub gates: Gates,
    pub images: AllowedImages,
    pub platform_image: String,
    /// Where a tunnel is opened in a browser, without a slash at its end.
    pub vscode_url: String,
    pub home_class: String,
    pub home_size: String,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// When they end by themselves.
    pub idle: IdlePolicies,
}

/// What becomes of those who leave the group.
#[derive(Clone, Debug)]
pub struct LeavingSettings {
    /// From leaving to the end of what was kept.
    pub retention: Duration,
    /// Whether the storage container goes then, too.
    pub delete_data: bool,
    /// The moment of a brake that a person has confirmed.
    pub confirmed: Option<DateTime<Utc>>,
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
        let idle = read.idle_policies(&profiles);
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
        let gates = read.text("PROFILE_GROUPS");
        let gates = match profiles.as_ref().map(|profiles| profiles::gates(&gates, profiles)) {
            Some(Err(why)) => {
                read.fault("PROFILE_GROUPS", format!("can not be used ({why})"));
                None
            }
            gates => gates.and_then(Result::ok),
        };
        // no workspace starts without it, so that nobody waits for a machine whose tunnel may not run
        read.checked("SERVER_LICENCE", |text| text == "accepted");
        // the host reads it; it is a fault here as well, because a timer without it never runs
        for schedule in ["RECONCILE_SCHEDULE", "SWEEP_SCHEDULE", "NIGHTLY_SCHEDULE"] {
            read.checked(schedule, |text| text.split_whitespace().count() == 6);
        }
        let budget = Budget {
            soft: read.amount("BUDGET_SOFT"),
            hard: read.amount("BUDGET_HARD"),
            currency: read
                .checked("CURRENCY", |text| text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase())),
        };
        if let (Some(soft), Some(hard)) = (budget.soft, budget.hard)
            && soft > hard
        {
            read.fault("BUDGET_SOFT", format!("is '{soft}', above BUDGET_HARD"));
        }
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
                graph: GraphSettings {
                    url: read.url("GRAPH_URL"),
                    group: read.guid("GROUP_ID"),
                    gates: gates.iter().flat_map(Gates::groups).map(ToOwned::to_owned).collect(),
                    resource: read.resource("SUBSCRIPTION_RESOURCE", "GROUP_ID"),
                    notification_url: read.called_url("NOTIFICATION_URL"),
                    client_state: read.secret("CLIENT_STATE"),
                },
                sign_in: SignInSettings {
                    provider: read.provider("SIGN_IN"),
                    github_url: read.url("GITHUB_URL"),
                    github_api_url: read.url("GITHUB_API_URL"),
                    microsoft_url: read.url("MICROSOFT_URL"),
                },
                queue: QueueSettings { url: read.url("QUEUE_URL") },
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
                    vscode_url: read.called_url("VSCODE_URL").trim_end_matches('/').to_owned(),
                    home_class: read.text("HOME_CLASS"),
                    home_size: read.text("HOME_SIZE"),
                    grace: read.duration("GRACE"),
                    idle,
                    profiles: profiles?,
                    gates: gates?,
                },
                leaving: LeavingSettings {
                    retention: read.retention("RETENTION"),
                    delete_data: read.yes_or_no("DELETE_DATA"),
                    confirmed: read.moment("LEAVING_CONFIRMED"),
                },
                budget,
            })
        })();
        match settings {
            Some(settings) if read.faults.is_empty() => Ok(settings),
            _ => Err(read.faults),
        }
    }
}

impl InboxSettings {
    /// Reads the settings that a notification needs.
    ///
    /// # Errors
    /// Every fault in these.
    pub fn read(variables: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let mut read = Reading { variables, faults: Vec::new() };
        let settings = Self {
            tenant: read.guid("TENANT_ID"),
            client_state: read.secret("CLIENT_STATE"),
            queue: QueueSettings { url: read.url("QUEUE_URL") },
            identity: read.guid("AZURE_CLIENT_ID"),
        };
        if read.faults.is_empty() { Ok(settings) } else { Err(read.faults) }
    }
}

/// App Service writes `True`; its own readers take `1` as well.
fn is_true(value: Option<&String>) -> bool {
    value.is_some_and(|v| v.eq_ignore_ascii_case("true") || v == "1")
}

#[cfg(test)]
mod tests;
