//! The bodies that azapi sends, against the types that it knows: `bodies.json` is cut from those of azapi 2.12.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use serde_json::Value;

use super::roots::{Root, address, key_name};
use super::types;

/// What a body of this block may hold.
fn known(all: &Value, block: &Block) -> Value {
    let word = |name: &str| {
        block.body.get_attribute(name).and_then(|a| a.value.as_str()).unwrap_or_default().to_owned()
    };
    let kind = word("type");
    // documents of one type that differ by their name; where each.key is the name they are alike
    let named = [word("name"), "ftp".to_owned()].into_iter().map(|name| format!("{kind}/{name}"));
    [kind.clone()].into_iter().chain(named).find_map(|key| all.get(key)).cloned().unwrap_or_default()
}

fn faults(root: &Root, at: &str, value: &Expression, known: &Value, found: &mut Vec<String>) {
    let (Expression::Object(object), Value::Object(names)) = (value, known) else {
        if let Err(why) = types::fits(root, value, known) {
            found.push(format!("{at} {why}"));
        }
        return;
    };
    for (key, value) in object.iter() {
        let key = key_name(key);
        match names.get(&key).or_else(|| names.get("*")) {
            Some(known) => faults(root, &format!("{at}.{key}"), value.expr(), known, found),
            None => found.push(format!("{at}: Azure knows no {key}")),
        }
    }
}

fn check(root: &Root) -> (usize, Vec<String>) {
    let all: Value = serde_json::from_str(include_str!("bodies.json")).unwrap();
    let (mut count, mut found) = (0, Vec::new());
    for block in root.blocks("resource").filter(|block| address(block).contains(".azapi_")) {
        let known = known(&all, block);
        for name in ["body", "sensitive_body"] {
            if let Some(body) = block.body.get_attribute(name) {
                count += 1;
                faults(root, &format!("{}: {name}", address(block)), &body.value, &known, &mut found);
            }
        }
    }
    (count, found)
}

#[test]
fn azure_knows_everything_that_is_sent() {
    let (count, found) = check(&Root::read("platform"));
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(count, 6);
}

#[test]
fn what_azure_does_not_know_is_found() {
    let folder = super::scratch("bodies");
    let rows = [
        ("runtime = { name = \"custom\", version = \"1.0\" }", None),
        (
            "runtime = { name = \"custom\", versoin = \"1.0\" }",
            Some("functionAppConfig.runtime: Azure knows no versoin"),
        ),
        (
            "runtime = { name = \"custom\", version = 1.0 }",
            Some("functionAppConfig.runtime.version is a number"),
        ),
        ("scale = 1", Some("functionAppConfig: Azure knows no scale")),
    ];
    for (line, why) in rows {
        let text = format!(
            "resource \"azapi_resource\" \"a\" {{\n type = \"Microsoft.Web/sites@2025-03-01\"\n body = {{\n properties = {{\n \
             functionAppConfig = {{\n {line}\n }}\n }}\n }}\n}}\n"
        );
        std::fs::write(folder.join("main.tf"), text).unwrap();
        let (_, found) = check(&Root::of(&folder, "bodies"));
        match why {
            None => assert!(found.is_empty(), "{line}: {found:?}"),
            Some(why) => assert!(found.len() == 1 && found[0].contains(why), "{line}: {found:?}"),
        }
    }
}
