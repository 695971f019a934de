//! Settings: good ones, faulty ones all at once, and secrets that stay secret.

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
fn nothing_is_set_up_until_somebody_has_accepted_the_licence() {
    for (value, good) in [(Some("accepted"), true), (Some("yes"), false), (Some(""), false), (None, false)] {
        let mut variables = examples();
        variables.remove("SERVER_LICENCE");
        variables.extend(value.map(|value| ("SERVER_LICENCE".to_owned(), value.to_owned())));
        match Settings::read(&variables) {
            Ok(_) => assert!(good, "{value:?}"),
            Err(faults) => {
                assert!(!good && faults.len() == 1 && faults[0].setting == "SERVER_LICENCE", "{faults:?}");
                assert!(faults[0].to_string().contains("licence"), "{}", faults[0]);
            }
        }
    }
}

#[test]
fn easy_auth_is_on_only_when_the_platform_says_so() {
    for (value, on) in [("True", true), ("true", true), ("1", true), ("false", false), ("yes", false)] {
        let mut variables = examples();
        variables.insert("WEBSITE_AUTH_ENABLED".into(), value.into());
        assert_eq!(Settings::read(&variables).unwrap().entra.easy_auth, on, "{value}");
    }
}

#[test]
fn a_secret_is_long_enough_and_no_fault_shows_it() {
    let rows = [
        ("x".repeat(32), true),
        ("x".repeat(128), true),
        ("x".repeat(31), false),
        ("x".repeat(129), false),
        (format!("{} with blanks", "x".repeat(32)), false),
        ("@Microsoft.KeyVault(SecretUri=https://dcaas.vault.azure.net/secrets/state)".into(), false),
    ];
    for (text, good) in rows {
        let mut variables = examples();
        variables.insert("CLIENT_STATE".into(), text.clone());
        match Settings::read(&variables) {
            Ok(settings) => {
                assert!(good, "{text}");
                assert_eq!(settings.graph.client_state.reveal(), text);
                assert!(!format!("{settings:?}").contains(&text));
            }
            Err(faults) => {
                assert!(!good && faults.len() == 1 && faults[0].setting == "CLIENT_STATE", "{faults:?}");
                assert!(!format!("{faults:?} {}", faults[0]).contains(&text), "{}", faults[0]);
            }
        }
    }
}

#[test]
fn graph_calls_https_and_plain_http_on_this_machine_alone() {
    let rows = [
        ("https://dcaas.azurewebsites.net/api/membership", true),
        ("https://dcaas.example/api/membership?code=abc", true),
        ("http://127.0.0.1:7071/api/membership", true),
        ("http://dcaas.example/api/membership", false),
        ("http://127.0.0.1.example/api/membership", false),
        ("/api/membership", false),
        ("https://", false),
        ("dcaas.example", false),
    ];
    for (url, good) in rows {
        let mut variables = examples();
        variables.insert("NOTIFICATION_URL".into(), url.into());
        assert_eq!(Settings::read(&variables).is_ok(), good, "{url}");
    }
}

#[test]
fn a_tunnel_is_opened_at_vscode_dev_unless_it_is_told_otherwise() {
    let rows = [
        (None, Some("https://vscode.dev")),
        (Some("https://insiders.vscode.dev/"), Some("https://insiders.vscode.dev")),
        (Some("http://127.0.0.1:4711"), Some("http://127.0.0.1:4711")),
        (Some("http://vscode.dev"), None),
        (Some("vscode.dev"), None),
    ];
    for (given, expected) in rows {
        let mut variables = examples();
        variables.remove("VSCODE_URL");
        variables.extend(given.map(|url| ("VSCODE_URL".to_owned(), url.to_owned())));
        let read = Settings::read(&variables).map(|settings| settings.workspaces.vscode_url);
        assert_eq!(read.ok().as_deref(), expected, "{given:?}");
    }
}

#[test]
fn the_subscription_watches_the_group_unless_it_is_told_otherwise() {
    let group = "66666666-6666-6666-6666-666666666666";
    let rows = [
        (None, Some(format!("/groups/{group}"))),
        (Some("/groups/{GROUP_ID}/members"), Some(format!("/groups/{group}/members"))),
        (Some("/groups/7"), Some("/groups/7".to_owned())),
        (Some("groups"), None),
        (Some("/groups/a b"), None),
    ];
    for (given, expected) in rows {
        let mut variables = examples();
        variables.insert("GROUP_ID".into(), group.to_uppercase());
        variables.remove("SUBSCRIPTION_RESOURCE");
        variables.extend(given.map(|text| ("SUBSCRIPTION_RESOURCE".to_owned(), text.to_owned())));
        assert_eq!(Settings::read(&variables).ok().map(|s| s.graph.resource), expected, "{given:?}");
    }
}

#[test]
fn a_notification_needs_only_its_own_settings() {
    let needed = ["TENANT_ID", "CLIENT_STATE", "QUEUE_URL", "AZURE_CLIENT_ID"];
    let only: BTreeMap<_, _> = examples().into_iter().filter(|(name, _)| needed.contains(&&**name)).collect();
    InboxSettings::read(&only).unwrap();
    for name in needed {
        let mut variables = only.clone();
        variables.remove(name);
        let faults = InboxSettings::read(&variables).unwrap_err();
        assert_eq!(faults.iter().map(|f| f.setting).collect::<Vec<_>>(), [name]);
    }
}

#[test]
fn members_sign_in_with_github_unless_it_is_told_otherwise() {
    let rows = [
        (None, Some(Provider::GitHub)),
        (Some("github"), Some(Provider::GitHub)),
        (Some("microsoft"), Some(Provider::Microsoft)),
        (Some("gitlab"), None),
    ];
    for (given, expected) in rows {
        let mut variables = examples();
        variables.remove("SIGN_IN");
        variables.extend(given.map(|text| ("SIGN_IN".to_owned(), text.to_owned())));
        assert_eq!(Settings::read(&variables).ok().map(|s| s.sign_in.provider), expected, "{given:?}");
    }
}
