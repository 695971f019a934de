//! The function app as the Functions host wants it: host.json, the executable and the function folders, side by side.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Wish, images, stamp};

/// Assembles the app from `built` and the repository; says where it lies.
pub fn assemble(built: &Path, wish: Wish) -> Result<PathBuf> {
    let app = super::target().join(folder(wish));
    lay_out(&app, &built.join("dcaas"))?;
    with_settings(&app, wish)?;
    Ok(app)
}

/// Puts a world's settings into an app.
pub fn with_settings(app: &Path, wish: Wish) -> Result<()> {
    stamp::write(&app.join("settings.json"), format!("{:#}\n", settings(wish)).as_bytes(), false)
}

/// Fills the folder `app`.
///
/// The host sees only direct children of its script root, so the folders under `functions/` are lifted.
pub fn lay_out(app: &Path, executable: &Path) -> Result<()> {
    let repository = super::repository();
    let mut wanted = Vec::new();
    stamp::copy(&repository.join("host.json"), &app.join("host.json"), false)?;
    stamp::copy(executable, &app.join("dcaas"), true)?;
    for entry in std::fs::read_dir(repository.join("functions"))? {
        let folder = entry?.path();
        let file = folder.join("function.json");
        if file.exists() {
            let name = folder.file_name().context("a function has a name")?.to_string_lossy().into_owned();
            stamp::copy(&file, &app.join(&name).join("function.json"), false)?;
            wanted.push(name);
        }
    }
    // A function that was taken away must not live on here.
    for entry in std::fs::read_dir(app)? {
        let path = entry?.path();
        if path.is_dir() && !wanted.iter().any(|name| path.ends_with(name)) {
            std::fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// Each kind of app has a folder of its own: a world of one kind may run while another is assembled.
fn folder(wish: Wish) -> String {
    let kinds = [(wish.fast, "-fast"), (wish.release, "-release"), (wish.timers, "-timers")];
    kinds.iter().filter(|(is, _)| *is).fold("app".to_owned(), |name, (_, kind)| name + kind)
}

/// When the group is compared with the cluster.
fn reconcile(wish: Wish) -> &'static str {
    match (wish.timers, wish.fast) {
        // New Year's Eve: as good as never
        (false, _) => "0 59 23 31 12 *",
        (true, true) => "*/10 * * * * *",
        (true, false) => "0 * * * * *",
    }
}

/// When all workspaces are gone through.
fn sweep(wish: Wish) -> &'static str {
    match (wish.timers, wish.fast) {
        (false, _) => "0 59 23 31 12 *",
        (true, true) => "*/5 * * * * *",
        (true, false) => "30 * * * * *",
    }
}

/// When all that is on is looked at.
fn nightly(wish: Wish) -> &'static str {
    match (wish.timers, wish.fast) {
        (false, _) => "0 59 23 31 12 *",
        (true, true) => "*/30 * * * * *",
        (true, false) => "0 10,40 * * * *",
    }
}

/// The app's settings, and in a fast world the host's own that make a failed message come again soon.
fn settings(wish: Wish) -> Value {
    let mut settings = program_settings(wish);
    if wish.fast {
        settings["AzureFunctionsJobHost__extensions__queues__visibilityTimeout"] = json!("00:00:01");
        settings["AzureFunctionsJobHost__extensions__queues__maxPollingInterval"] = json!("00:00:00.5");
    }
    settings
}

/// What the program reads; the world fills in what stands in double braces, for each installation.
fn program_settings(wish: Wish) -> Value {
    let mut settings = json!({
        "INSTALLATION": "{{installation}}",
        "TENANT_ID": "{{tenant}}",
        "CLIENT_ID": "{{client_id}}",
        "AUTHORITY": "{{authority}}",
        "ADMIN_ROLE": "admin",
        "AZURE_CLIENT_ID": "{{identity_client_id}}",
        "PRINCIPAL_ID": "{{principal}}",
        "GROUP_ID": "{{group}}",
        "GRAPH_URL": "{{graph_url}}",
        "NOTIFICATION_URL": "{{functions_url}}/api/membership",
        "CLIENT_STATE": "local-world-b1946ac92492d2347c6235b4d2611184",
        "SUBSCRIPTION_RESOURCE": "/groups/{GROUP_ID}",
        "SIGN_IN": "github",
        "GITHUB_URL": "{{github_url}}",
        "GITHUB_API_URL": "{{github_url}}",
        "MICROSOFT_URL": "{{authority}}",
        "KUBERNETES_URL": "{{kubernetes_url}}",
        "KUBERNETES_CA": "{{kubernetes_ca}}",
        "QUEUE_URL": "{{queue_url}}",
        "BLOB_URL": "{{blob_url}}",
        "MEMBERS_ACCOUNT": "{{members_account}}",
        "MEMBERS_RESOURCE_GROUP": "dcaas",
        "STORAGE_CLIENT_ID": "{{storage_client_id}}",
        "PROFILES": json!([profile("steady"), brief()]).to_string(),
        "DEFAULT_PROFILE": if wish.fast { "brief" } else { "steady" },
        "PROFILE_GROUPS": "{}",
        "PLATFORM_IMAGE": images::PLATFORM,
        "ALLOWED_IMAGES": "dcaas.example/*",
        "SERVER_LICENCE": "accepted",
        "VSCODE_URL": "{{vscode_url}}",
        "HOME_CLASS": "managed-csi",
        "HOME_SIZE": "32Gi",
        "RECONCILE_SCHEDULE": reconcile(wish),
        "SWEEP_SCHEDULE": sweep(wish),
        "NIGHTLY_SCHEDULE": nightly(wish),
        "RETENTION": "30days",
        "DELETE_DATA": "false",
        "LEAVING_CONFIRMED": "",
        "GRACE": if wish.fast { "5s" } else { "30s" },
    });
    for (name, value) in IDLENESS.into_iter().chain(OPTIONAL) {
        settings[name] = json!(value);
    }
    settings
}

/// When workspaces end by themselves.
const IDLENESS: [(&str, &str); 8] = [
    ("IDLE_AFTER", "60min"),
    ("PRESENCE_AFTER", "3h"),
    ("NIGHT_IDLE_AFTER", "20min"),
    ("GRACE_AFTER_START", "15min"),
    ("LONGEST_LIFE", "3days"),
    ("UNKNOWN_FOR", "4h"),
    ("WARN_BEFORE", "10min"),
    ("KEEP_CAP", "12h"),
];

/// What a world does without: budgets, and a night, as what is tried out at night shall not go by itself.
const OPTIONAL: [(&str, &str); 6] = [
    ("BUDGET_SOFT", ""),
    ("BUDGET_HARD", ""),
    ("CURRENCY", "EUR"),
    ("NIGHT_FROM", ""),
    ("NIGHT_UNTIL", ""),
    ("TIME_ZONE", ""),
];

/// One GPU on a pool of its own. `steady` is for everything that is not about time, `brief` for what is.
fn profile(name: &str) -> Value {
    json!({
        "name": name,
        "cpu": "4",
        "memory": "16Gi",
        "gpus": 1,
        "nodeSelector": { "kubernetes.azure.com/agentpool": name },
        "tolerations": [{ "key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule" }],
        "image": images::WORKSPACE,
        "pricePerHour": 0.9,
    })
}

/// The agent writes once a minute: shorter times would judge without it.
fn brief() -> Value {
    let mut profile = profile("brief");
    profile["idle"] = json!({
        "after": "90s",
        "presence": "5min",
        "night": "75s",
        "graceAfterStart": "30s",
        "unknownFor": "10min",
        "warnBefore": "30s",
    });
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_and_the_example_set_the_same_names() {
        let example = std::fs::read(super::super::repository().join("local.settings.json.example")).unwrap();
        let example: Value = serde_json::from_slice(&example).unwrap();
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&program_settings(Wish::default())), names(&example["Values"]));
    }

    #[test]
    fn fast_changes_the_default_profile_and_the_grace() {
        let (slow, fast) = (settings(Wish::default()), settings(Wish { fast: true, ..Wish::default() }));
        assert_eq!(slow["DEFAULT_PROFILE"], "steady");
        assert_eq!(fast["DEFAULT_PROFILE"], "brief");
        assert_ne!(slow["GRACE"], fast["GRACE"]);
        assert_ne!(reconcile(Wish { timers: true, ..Wish::default() }), reconcile(Wish::default()));
    }
}
