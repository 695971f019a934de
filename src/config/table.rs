//! The table of settings: one row each, which is also what the example file and the faults are made of.

/// A setting, as a person who deploys meets it.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// What a good value is.
    pub expects: &'static str,
    pub example: &'static str,
    /// Counts when the setting is missing or empty.
    pub default: Option<&'static str>,
}

const fn required(name: &'static str, expects: &'static str, example: &'static str) -> Setting {
    Setting { name, expects, example, default: None }
}

const fn optional(
    name: &'static str,
    expects: &'static str,
    example: &'static str,
    default: &'static str,
) -> Setting {
    Setting { name, expects, example, default: Some(default) }
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    optional(
        "INSTALLATION",
        "a short name in lower case, the same for the life of this installation",
        "dcaas",
        "dcaas",
    ),
    required("TENANT_ID", "the tenant's id, a GUID", "11111111-1111-1111-1111-111111111111"),
    required(
        "CLIENT_ID",
        "the client id of the app registration that tokens are made for, a GUID",
        "22222222-2222-2222-2222-222222222222",
    ),
    optional(
        "AUTHORITY",
        "where the tenant's keys are published, an https URL",
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.com",
    ),
    optional("ADMIN_ROLE", "the value of the app role that makes an admin", "admin", "admin"),
    required(
        "AZURE_CLIENT_ID",
        "the client id of the function's user-assigned identity, a GUID",
        "33333333-3333-3333-3333-333333333333",
    ),
    required(
        "PRINCIPAL_ID",
        "the object id of the same identity: the name that the cluster knows it by",
        "44444444-4444-4444-4444-444444444444",
    ),
    required(
        "GROUP_ID",
        "the object id of the group whose people are members, a GUID",
        "66666666-6666-6666-6666-666666666666",
    ),
    optional(
        "GRAPH_URL",
        "where Microsoft Graph is, an https URL",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com",
    ),
    required(
        "NOTIFICATION_URL",
        "the address of `membership` as Graph calls it, an https URL (http on 127.0.0.1 alone)",
        "https://dcaas.azurewebsites.net/api/membership",
    ),
    required(
        "CLIENT_STATE",
        "the secret that Graph's notifications carry: 32 to 128 letters, digits and signs",
        "4f6c1c2bb0fd4a0f8e6a3c9d7b5e21a8",
    ),
    optional(
        "SUBSCRIPTION_RESOURCE",
        "what Graph is asked to watch, a path, with {GROUP_ID} for the group",
        "/groups/{GROUP_ID}/members",
        "/groups/{GROUP_ID}",
    ),
    optional(
        "SIGN_IN",
        "where members sign in to the tunnel who choose nothing: github or microsoft",
        "github",
        "github",
    ),
    optional("GITHUB_URL", "where GitHub is, an https URL", "https://github.com", "https://github.com"),
    optional(
        "GITHUB_API_URL",
        "where GitHub's API is, an https URL",
        "https://api.github.com",
        "https://api.github.com",
    ),
    optional(
        "MICROSOFT_URL",
        "where people of any organisation sign in with Microsoft, an https URL without a tenant",
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.com",
    ),
    required(
        "KUBERNETES_URL",
        "the API server's address, an https URL",
        "https://dcaas-1a2b3c.hcp.westeurope.azmk8s.io:443",
    ),
    required(
        "KUBERNETES_CA",
        "the cluster's certificate-authority-data: a PEM certificate in base64",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi4uLgotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==",
    ),
    required(
        "QUEUE_URL",
        "the queue endpoint of the host's storage account, an https URL",
        "https://dcaashost.queue.core.windows.net",
    ),
    required(
        "BLOB_URL",
        "the blob endpoint of the members' storage account, an https URL",
        "https://dcaasmembers.blob.core.windows.net",
    ),
    required("MEMBERS_ACCOUNT", "the name of the members' storage account", "dcaasmembers"),
    required("MEMBERS_RESOURCE_GROUP", "the resource group of the members' storage account", "dcaas"),
    required(
        "STORAGE_CLIENT_ID",
        "the client id of the nodes' identity, which mounts the members' containers, a GUID",
        "55555555-5555-5555-5555-555555555555",
    ),
    required(
        "PROFILES",
        "a JSON list of profiles: name, cpu, memory, gpus, nodeSelector, tolerations, image, pricePerHour, and idle for \
         durations other than the settings': after, presence, graceAfterStart, longestLife, unknownFor, warnBefore",
        r#"[{"name":"t4","cpu":"3500m","memory":"24Gi","gpus":1,"nodeSelector":{"kubernetes.azure.com/agentpool":"t4"},"tolerations":[{"key":"sku","operator":"Equal","value":"gpu","effect":"NoSchedule"}],"image":"dcaas.azurecr.io/workspace:1","pricePerHour":0.53}]"#,
    ),
    required("DEFAULT_PROFILE", "the name of one of PROFILES", "t4"),
    optional(
        "PROFILE_GROUPS",
        "JSON: by a group's object id, the profiles that only its people may start (never the default one)",
        r#"{"77777777-7777-7777-7777-777777777777":[]}"#,
        "{}",
    ),
    required("PLATFORM_IMAGE", "the image that `dcaas install` runs from", "dcaas.azurecr.io/platform:1"),
    optional(
        "ALLOWED_IMAGES",
        "patterns of images that a member may name, separated by commas, with * for anything and {member} for their \
         object id",
        "dcaas.azurecr.io/*,ubuntu:24.04",
        " ",
    ),
    required(
        "SERVER_LICENCE",
        "`accepted`, once whoever deploys has read what the README says of the licence of VS Code's server",
        "accepted",
    ),
    optional(
        "VSCODE_URL",
        "where VS Code opens a tunnel in a browser, an https URL (http on 127.0.0.1 alone)",
        "https://vscode.dev",
        "https://vscode.dev",
    ),
    optional("HOME_CLASS", "the storage class of the home disks", "managed-csi", "managed-csi"),
    optional("HOME_SIZE", "the size of a new member's home disk, a Kubernetes quantity", "64Gi", "64Gi"),
    required(
        "RECONCILE_SCHEDULE",
        "when the group is compared with the cluster, in UTC: six fields, seconds first",
        "0 */10 * * * *",
    ),
    required(
        "SWEEP_SCHEDULE",
        "when all workspaces are gone through, in UTC: six fields, seconds first",
        "30 */5 * * * *",
    ),
    required(
        "NIGHTLY_SCHEDULE",
        "when all that is on is looked at, due or not, in UTC: six fields, seconds first",
        "0 10,40 * * * *",
    ),
    optional(
        "RETENTION",
        "how long home disk and namespace of somebody who left are kept, a duration of a day or more",
        "30days",
        "30days",
    ),
    optional(
        "DELETE_DATA",
        "whether the storage container goes with them, `true` or `false`",
        "false",
        "false",
    ),
    optional(
        "LEAVING_CONFIRMED",
        "the moment that a held removal names, once a person has found it right, or nothing",
        "2026-11-25T12:00:00Z",
        " ",
    ),
    optional(
        "IDLE_AFTER",
        "how long after its last use a workspace is stopped, a duration",
        "60min",
        "60min",
    ),
    optional("PRESENCE_AFTER", "the same while an editor's window is open, a duration", "3h", "3h"),
    optional(
        "GRACE_AFTER_START",
        "how long a workspace is kept at least after its start, a duration",
        "15min",
        "15min",
    ),
    optional(
        "NIGHT_FROM",
        "the time of day from which only what works stays on, or nothing: then there is no night",
        "20:00",
        " ",
    ),
    optional(
        "NIGHT_UNTIL",
        "the time of day at which what works goes, too; needed with NIGHT_FROM",
        "06:00",
        " ",
    ),
    optional("TIME_ZONE", "the time zone of both, by its name in the IANA's list", "Europe/Berlin", " "),
    optional(
        "NIGHT_IDLE_AFTER",
        "how long after its last use a workspace is stopped at night, a duration longer than WARN_BEFORE",
        "20min",
        "20min",
    ),
    optional(
        "LONGEST_LIFE",
        "how long a workspace runs at most, whatever it does, a duration",
        "3days",
        "3days",
    ),
    optional(
        "UNKNOWN_FOR",
        "how long a workspace is kept whose use can not be known, a duration",
        "4h",
        "4h",
    ),
    optional("WARN_BEFORE", "how long before a stop people are warned, a duration", "10min", "10min"),
    optional("KEEP_CAP", "how far ahead a member may ask to be kept, a duration", "12h", "12h"),
    optional(
        "BUDGET_SOFT",
        "what a member may spend in a month before they are warned, a sum in CURRENCY, or nothing",
        "100",
        " ",
    ),
    optional(
        "BUDGET_HARD",
        "what a member may spend in a month before nothing starts for them any more, a sum in CURRENCY, or nothing",
        "150",
        " ",
    ),
    optional("CURRENCY", "what prices and budgets are in, three capital letters", "EUR", "EUR"),
    optional("GRACE", "how long a workspace may take to end, a duration", "30s", "30s"),
];

/// The row of a setting.
///
/// # Panics
/// When code names a setting that is not in the table; every test of the settings would meet that.
pub fn row(name: &str) -> &'static Setting {
    SETTINGS
        .iter()
        .find(|row| row.name == name)
        .unwrap_or_else(|| panic!("{name} is missing in the table of settings"))
}
