//! Every block and argument against the schemas of the real providers.
//!
//! `schemas.json` is what `terraform providers schema -json` printed, cut to what is used here. For another resource,
//! run that in a folder where `terraform init` has fetched the providers, and add the resource in the same form.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hcl_edit::structure::{Block, Body};
use serde::Deserialize;
use serde_json::Value;

use super::roots::{ROOTS, Root, address, label};
use super::types;

/// A provider, as far as it is used.
#[derive(Deserialize)]
pub struct Provider {
    provider: Schema,
    resource: BTreeMap<String, Schema>,
    data: BTreeMap<String, Schema>,
}

/// What may stand in a block.
#[derive(Deserialize)]
pub struct Schema {
    #[serde(default)]
    arguments: BTreeMap<String, Argument>,
    #[serde(default)]
    blocks: BTreeMap<String, Nested>,
}

#[derive(Deserialize)]
struct Argument {
    how: How,
    #[serde(rename = "type")]
    kind: Value,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum How {
    Required,
    Optional,
    Computed,
}

#[derive(Deserialize)]
struct Nested {
    #[serde(default)]
    min: usize,
    max: Option<usize>,
    #[serde(flatten)]
    schema: Schema,
}

static PROVIDERS: LazyLock<BTreeMap<String, Provider>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schemas.json")).unwrap());

/// What Terraform itself knows of every resource.
const META: [&str; 4] = ["for_each", "count", "depends_on", "provider"];

impl Schema {
    /// Of a resource or a data source.
    pub fn of(kind: &str, name: &str) -> Option<&'static Schema> {
        let provider = PROVIDERS.get(name.split('_').next()?)?;
        if kind == "data" { provider.data.get(name) } else { provider.resource.get(name) }
    }

    /// Whether something of this name can be read from it.
    pub fn has(&self, name: &str) -> bool {
        self.arguments.contains_key(name) || self.blocks.contains_key(name)
    }
}

/// All that is wrong with a body.
fn faults(root: &Root, at: &str, body: &Body, schema: &Schema, top: bool, faults: &mut Vec<String>) {
    for attribute in body.attributes() {
        let name = attribute.key.as_str();
        if top && META.contains(&name) {
            continue;
        }
        match schema.arguments.get(name) {
            None => faults.push(format!("{at}: there is no argument {name}")),
            Some(argument) if argument.how == How::Computed => {
                faults.push(format!("{at}: {name} can only be read"));
            }
            Some(argument) => {
                if let Err(why) = types::fits(root, &attribute.value, &argument.kind) {
                    faults.push(format!("{at}: {name} {why}"));
                }
            }
        }
    }
    for (name, argument) in &schema.arguments {
        if argument.how == How::Required && !body.has_attribute(name) {
            faults.push(format!("{at}: {name} is missing"));
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for block in body.blocks() {
        let name = block.ident.as_str();
        if top && ["lifecycle", "timeouts"].contains(&name) {
            continue;
        }
        let (name, content) = unrolled(block);
        *seen.entry(name.clone()).or_default() += 1;
        match schema.blocks.get(&name) {
            None => faults.push(format!("{at}: there is no block {name}")),
            Some(nested) => {
                self::faults(root, &format!("{at}.{name}"), content, &nested.schema, false, faults)
            }
        }
    }
    for (name, nested) in &schema.blocks {
        let seen = seen.get(name).copied().unwrap_or_default();
        if seen < nested.min {
            faults.push(format!("{at}: a block {name} is missing"));
        }
        if nested.max.is_some_and(|most| seen > most) {
            faults.push(format!("{at}: {seen} blocks {name} are too many"));
        }
    }
}

/// A block's name and body; of a `dynamic` one, those of what it makes.
fn unrolled(block: &Block) -> (String, &Body) {
    if block.ident.as_str() == "dynamic" {
        let content = block.body.get_blocks("content").next().map_or(&block.body, |content| &content.body);
        return (label(block, 0), content);
    }
    (block.ident.to_string(), &block.body)
}

fn check(root: &Root) -> Vec<String> {
    let mut found = Vec::new();
    for (at, block) in root.all() {
        let (kind, name) = (block.ident.as_str(), label(block, 0));
        match kind {
            "resource" | "data" if name == "terraform_data" => {}
            "resource" | "data" => match Schema::of(kind, &name) {
                Some(schema) => faults(root, &at, &block.body, schema, true, &mut found),
                None => found
                    .push(format!("{at}: no schema of {kind} {name} (see the top of tests/infra/check.rs)")),
            },
            "provider" => match PROVIDERS.get(&name) {
                Some(provider) => faults(root, &at, &block.body, &provider.provider, true, &mut found),
                None => found.push(format!("{at}: no schema of provider {name}")),
            },
            "terraform" | "variable" | "output" | "locals" | "module" => {}
            _ => found.push(format!("{at}: {} is no block of Terraform", address(block))),
        }
    }
    found
}

#[test]
fn every_block_and_argument_is_one_of_the_providers() {
    for root in ROOTS.map(Root::read) {
        let found = check(&root);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn what_is_wrong_is_found() {
    let folder = super::scratch("wrong");
    let good = r#"resource "azurerm_storage_account" "a" {
        name = "a"
        resource_group_name = "g"
        location = var.place
        account_tier = "Standard"
        account_replication_type = "LRS"
        MORE
    }
    variable "place" {
        type = string
    }
    variable "days" {
        type = number
    }"#;
    let rows = [
        ("", None),
        ("shared_access_key_enabled = false", None),
        ("shared_acess_key_enabled = false", Some("there is no argument shared_acess_key_enabled")),
        (
            "shared_access_key_enabled = \"false\"",
            Some("shared_access_key_enabled is a string and should be bool"),
        ),
        ("min_tls_version = var.days", Some("min_tls_version is var.days, a number, and should be string")),
        ("primary_blob_endpoint = \"x\"", Some("primary_blob_endpoint can only be read")),
        ("blob_property {\n}", Some("there is no block blob_property")),
        ("routing {\n}\nrouting {\n}", Some("2 blocks routing are too many")),
        ("blob_properties {\n delete_retention_policy {\n days = [7]\n }\n}", Some("days is a list")),
        ("network_rules {\n}", Some("network_rules: default_action is missing")),
        ("tags = { a = 1 }", Some("tags is a number")),
    ];
    for (more, why) in rows {
        std::fs::write(folder.join("main.tf"), good.replace("MORE", more)).unwrap();
        let found = check(&Root::of(&folder, "wrong"));
        match why {
            None => assert!(found.is_empty(), "{more}: {found:?}"),
            Some(why) => assert!(found.len() == 1 && found[0].contains(why), "{more}: {found:?}"),
        }
    }
}
