//! What `infra/platform` sets, as the app reads it: Terraform makes the settings from its variables, with made-up answers
//! of the providers, and our own reader reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use dcaas::config::{SETTINGS, Settings};
use serde_json::{Value, json};

use super::terraform::{copy, said, terraform};
use super::{folder, has, scratch};

/// What Terraform made of the variables.
pub struct Made {
    pub settings: BTreeMap<String, String>,
    pub pools: Value,
    pub costs: Value,
}

/// Makes the settings, or says what Terraform said. None where Terraform is not here.
pub fn make(name: &str, variables: &Value) -> Option<Result<Made, String>> {
    if !has("terraform") {
        return None;
    }
    let at = scratch(name);
    let platform = folder().join("platform");
    for file in ["inputs.tf", "variables.tf", "names.tf", "profiles.tf", "settings.tf", "outputs.tf"] {
        let mut text = fs::read_to_string(platform.join(file)).unwrap();
        if file == "outputs.tf" {
            let from = text.find("output \"costs\"").unwrap();
            text = text.split_off(from);
        }
        // what a provider would answer stands in a file
        fs::write(at.join(file), text.replace("azurerm_", "local.given.azurerm_")).unwrap();
    }
    copy(&platform.join("profiles"), &at.join("profiles"));
    fs::write(at.join("given.json"), given().to_string()).unwrap();
    let rest = r#"
        locals { given = jsondecode(file("given.json")) }
        output "settings" { value = merge(local.settings, { CLIENT_STATE = terraform_data.client_state.output }) }
        output "pools" { value = module.profiles.pools }
    "#;
    fs::write(at.join("rest.tf"), rest.replace("{ ", "{\n").replace(" }\n", "\n}\n")).unwrap();
    let mut all = inputs();
    for (name, value) in variables.as_object().unwrap() {
        all[name] = value.clone();
    }
    fs::write(at.join("terraform.tfvars.json"), all.to_string()).unwrap();
    for words in [&["init", "-no-color"][..], &["apply", "-auto-approve", "-no-color"]] {
        let output = terraform(&at, words);
        if !output.status.success() {
            return Some(Err(said(&output)));
        }
    }
    let output = terraform(&at, &["output", "-json"]);
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(Ok(Made {
        settings: serde_json::from_value(outputs["settings"]["value"].clone()).unwrap(),
        pools: outputs["pools"]["value"].clone(),
        costs: outputs["costs"]["value"].clone(),
    }))
}

/// The example of a setting.
fn example(name: &str) -> &'static str {
    SETTINGS.iter().find(|row| row.name == name).unwrap().example
}

/// What providers would answer.
fn given() -> Value {
    json!({
        "azurerm_storage_account": {
            "host": { "name": "dcaasexamplehost", "primary_queue_endpoint": "https://dcaasexamplehost.queue.core.windows.net/" },
            "members": { "name": "dcaasexampledata", "primary_blob_endpoint": "https://dcaasexampledata.blob.core.windows.net/" },
        },
        "azurerm_application_insights": { "dcaas": { "connection_string": "InstrumentationKey=0" } },
        "azurerm_kubernetes_cluster": { "dcaas": {
            "fqdn": "dcaas-example-1a2b3c.hcp.westeurope.azmk8s.io",
            "kube_config": [{ "cluster_ca_certificate": example("KUBERNETES_CA") }],
            "kubelet_identity": [{ "client_id": example("STORAGE_CLIENT_ID") }],
        } },
    })
}

/// What earlier roots say, and what a person has to.
fn inputs() -> Value {
    json!({
        "identity": {
            "subscription_id": "00000000-0000-0000-0000-000000000000",
            "name": "dcaas-example",
            "host_name": "dcaas-example.azurewebsites.net",
            "location": "westeurope",
            "resource_group": "dcaas-example",
            "resource_group_id": "/subscriptions/0/resourceGroups/dcaas-example",
            "identity_id": "/subscriptions/0/resourceGroups/dcaas-example/identity",
            "client_id": example("AZURE_CLIENT_ID"),
            "principal_id": example("PRINCIPAL_ID"),
            "tags": {},
        },
        "tenant": {
            "tenant_id": example("TENANT_ID"),
            "client_id": example("CLIENT_ID"),
            "audience": format!("api://{}", example("CLIENT_ID")),
            "azure_cli_client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "command_line_client_id": "88888888-8888-8888-8888-888888888888",
            "members_group_id": example("GROUP_ID"),
            "admins_group_id": "99999999-9999-9999-9999-999999999999",
        },
        "server_licence": "accepted",
        "alert_email": "people@example.com",
    })
}

#[test]
fn the_app_takes_what_the_platform_sets() {
    let Some(made) = make("settings", &json!({})) else { return };
    let made = made.unwrap_or_else(|said| panic!("{said}"));
    let read = Settings::read(&made.settings).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(read.storage.account, "dcaasexampledata");
    assert_eq!(read.graph.notification_url, "https://dcaas-example.azurewebsites.net/api/membership");
    assert_eq!(read.workspaces.profiles.default().name, "t4");
    // every one that has no default is set here
    for row in SETTINGS.iter().filter(|row| row.default.is_none()) {
        assert!(made.settings.contains_key(row.name), "{} is not set", row.name);
    }
    assert!(made.costs["idle_per_month"].as_u64().unwrap() > 100, "{}", made.costs);
    assert_eq!(made.costs["per_hour"]["t4"], 0.53);
}

#[test]
fn the_host_finds_what_its_bindings_name_and_no_key() {
    let Some(made) = make("bindings", &json!({})) else { return };
    let made = made.unwrap_or_else(|said| panic!("{said}"));
    let (mut connections, mut schedules) = (BTreeSet::new(), BTreeSet::new());
    for folder in fs::read_dir(folder().join("../functions")).unwrap() {
        let text = fs::read(folder.unwrap().path().join("function.json")).unwrap();
        let function: Value = serde_json::from_slice(&text).unwrap();
        for binding in function["bindings"].as_array().unwrap() {
            connections.extend(binding["connection"].as_str().map(ToOwned::to_owned));
            schedules.extend(binding["schedule"].as_str().map(|name| name.trim_matches('%').to_owned()));
        }
    }
    for connection in &connections {
        for part in ["accountName", "credential", "clientId"] {
            assert!(made.settings.contains_key(&format!("{connection}__{part}")), "{connection}__{part}");
        }
        assert!(!made.settings.contains_key(connection), "{connection} alone would be taken for a key");
    }
    for schedule in &schedules {
        assert_eq!(made.settings[schedule].split(' ').count(), 6, "{schedule}");
    }
    for name in ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"] {
        assert!(!made.settings.contains_key(name), "{name} keeps Flex Consumption from starting");
    }
}

#[test]
fn a_setting_of_ones_own_counts_more() {
    let wish = json!({ "settings": { "RETENTION": "7days", "SWEEP_SCHEDULE": "0 * * * * *", "INSTALLATION": "second" } });
    let Some(made) = make("own", &wish) else { return };
    let settings = made.unwrap_or_else(|said| panic!("{said}")).settings;
    assert_eq!((&*settings["RETENTION"], &*settings["SWEEP_SCHEDULE"]), ("7days", "0 * * * * *"));
    assert_eq!(Settings::read(&settings).unwrap().installation, "second");
}

#[test]
fn a_variable_that_can_not_be_used_says_why() {
    let profile = |change: Value| {
        let mut profile =
            json!({ "size": "Standard_D4as_v5", "cpu": "3", "memory": "11Gi", "price_per_hour": 0.17 });
        for (name, value) in change.as_object().unwrap() {
            profile[name] = value.clone();
        }
        json!({ "profiles": { "t4": profile } })
    };
    let rows = [
        (json!({ "server_licence": "yes" }), "read 'Signing in' in the README first"),
        (json!({ "alert_email": "nobody" }), "alert_email is an e-mail address"),
        (json!({ "default_profile": "big" }), "default_profile is the name of one of the profiles"),
        (json!({ "profiles": {} }), "profiles has one entry at least"),
        (profile(json!({ "cpu": "3 cores" })), "Kubernetes quantities"),
        (profile(json!({ "memory": "20G" })), "Kubernetes quantities"),
        (profile(json!({ "machines": 0 })), "1 to 1000 machines"),
        (profile(json!({ "size": "NC4as_T4_v3" })), "size is the name of a machine's size"),
        (json!({ "profiles": { "system": profile(json!({}))["profiles"]["t4"] } }), "and not `system`"),
        (
            json!({ "profile_groups": { "66666666-6666-6666-6666-666666666666": ["none"] } }),
            "only profiles that there are",
        ),
        (json!({ "settings": { "CLIENT_STATE": "mine" } }), "raise client_state_version"),
        (json!({ "kubernetes_version": "1.36.2" }), "kubernetes_version is a minor version"),
        (json!({ "maintenance": { "start": "6:00" } }), "a time of day such as 06:00"),
        (json!({ "budget": 0 }), "budget is more than nothing"),
    ];
    for (at, (variables, why)) in rows.iter().enumerate() {
        let Some(made) = make(&format!("bad-{at}"), variables) else { return };
        let said =
            made.err().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(said.contains(why), "{variables}: {said}");
    }
}
