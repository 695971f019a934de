//! The alerts: each is told of in `docs/operations.md`, and asks for what the app or the host really says.

use std::fs;

use dcaas::functions::FUNCTIONS;

use super::folder;
use super::roots::{Root, keys};

/// The texts in single quotes after `word`.
fn quoted<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(word).filter_map(move |(at, _)| text[at + word.len()..].split('\'').nth(1))
}

#[test]
fn every_alert_is_explained_and_asks_for_what_is_said() {
    let platform = Root::read("platform");
    let alerts = platform.locals()["alerts"];
    let operations = fs::read_to_string(folder().join("../docs/operations.md")).unwrap();
    for name in keys(alerts).unwrap().into_iter().chain(["machine-stays".to_owned()]) {
        assert!(
            operations.contains(&format!("\n| `{name}` | ")),
            "docs/operations.md does not say what {name} means"
        );
    }
    let text = alerts.to_string();
    let functions: Vec<&str> = quoted(&text, "Name == ").collect();
    assert!(!functions.is_empty());
    for name in functions {
        assert!(FUNCTIONS.iter().any(|function| function.name == name), "there is no function {name}");
    }
    let source = fs::read_to_string(folder().join("../src/plan/membership.rs")).unwrap();
    let said: Vec<&str> = quoted(&text, "Message contains ").collect();
    assert_eq!(said, ["Nobody is removed since", "members-poison"]);
    assert!(source.contains(said[0]), "the brake says something else");
    let queue = fs::read_to_string(folder().join("../functions/provision/function.json")).unwrap();
    let queue: serde_json::Value = serde_json::from_str(&queue).unwrap();
    assert_eq!(said[1], format!("{}-poison", queue["bindings"][0]["queueName"].as_str().unwrap()));
    // without this level the host tells of failed requests alone, and `app-down` would always hold
    let host: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder().join("../host.json")).unwrap()).unwrap();
    assert_eq!(host["logging"]["logLevel"]["Host.Results"], "Information");
}
