//! The list of parts (an SBOM in CycloneDX's form): what cargo says is compiled into the executable, and from where.
//!
//! Made here, because the tool that makes such lists (cargo-cyclonedx) is more to compile than dcaas, and writes a time
//! and a random number into each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A package by name and version.
type Part = (String, String);

/// The list, as text.
pub fn list(repository: &Path) -> Result<String> {
    let metadata =
        ["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"];
    let metadata: Value = serde_json::from_str(&cargo(repository, &metadata)?)?;
    // The metadata also has what a feature names that nobody turned on; the tree has what is compiled in.
    let tree = ["tree", "--locked", "--package=dcaas", "--target=x86_64-unknown-linux-gnu"];
    let tree = [&tree[..], &["--edges=normal,no-proc-macro", "--prefix=none", "--format={p}"]].concat();
    let compiled = compiled(&cargo(repository, &tree)?);
    let lock = std::fs::read_to_string(repository.join("Cargo.lock"))?;
    Ok(format!("{:#}\n", of(&metadata, &compiled, &checksums(&lock))?))
}

fn cargo(repository: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(repository)
        .args(arguments)
        .output()?;
    if !output.status.success() {
        bail!("cargo {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The packages that a tree names, a line each: `name v1.2.3`, and perhaps more.
fn compiled(tree: &str) -> BTreeSet<Part> {
    let part = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    tree.lines().filter_map(part).collect()
}

/// The checksum of each package that comes from a registry, by name and version.
fn checksums(lock: &str) -> BTreeMap<Part, String> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
            Some(line.trim_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) = (field("name"), field("version"), field("checksum")) {
            found.insert((name, version), sum);
        }
    }
    found
}

fn of(metadata: &Value, compiled: &BTreeSet<Part>, checksums: &BTreeMap<Part, String>) -> Result<Value> {
    let packages: BTreeMap<&str, &Value> = list_of(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes: BTreeMap<&str, &Value> = list_of(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let root =
        packages.iter().find(|(_, package)| package["name"] == "dcaas").context("cargo knows no dcaas")?.0;
    let is_in = |id: &&str| {
        let package = packages[id];
        compiled.contains(&(word(package, "name").to_owned(), word(package, "version").to_owned()))
    };
    let (mut seen, mut next) = (BTreeSet::new(), vec![*root]);
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            next.extend(needs(nodes[id]).filter(is_in));
        }
    }
    let purl = |id: &str| {
        let package = packages[id];
        // a plus would be read as a space
        format!("pkg:cargo/{}@{}", word(package, "name"), word(package, "version").replace('+', "%2B"))
    };
    let component = |id: &str| {
        let package = packages[id];
        let (name, version) = (word(package, "name"), word(package, "version"));
        let mut component = json!({
            "type": "library", "bom-ref": purl(id), "name": name, "version": version, "purl": purl(id), "scope": "required",
        });
        if let Some(licence) = package["license"].as_str() {
            // an old way to write `or`
            component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
        }
        if let Some(sum) = checksums.get(&(name.to_owned(), version.to_owned())) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
        }
        component
    };
    let mut whole = component(root);
    whole["type"] = json!("application");
    let depends = |id: &&str| json!({ "ref": purl(id), "dependsOn": needs(nodes[*id]).filter(is_in).map(purl).collect::<BTreeSet<_>>() });
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": whole },
        "components": seen.iter().filter(|id| *id != root).map(|id| component(id)).collect::<Vec<_>>(),
        "dependencies": seen.iter().map(depends).collect::<Vec<_>>(),
    }))
}

/// What is compiled into a package: not what builds or tests it.
fn needs(node: &Value) -> impl Iterator<Item = &str> {
    list_of(&node["deps"])
        .filter(|dependency| list_of(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .filter_map(|dependency| dependency["pkg"].as_str())
}

fn list_of(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_what_is_compiled_in_and_nothing_else() {
        let repository = crate::prepare::repository();
        let text = list(&repository).unwrap();
        assert_eq!(text, list(&repository).unwrap(), "the same bytes twice");
        let list: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(list["metadata"]["component"]["name"], "dcaas");
        let names: BTreeSet<&str> = list_of(&list["components"]).map(|part| word(part, "name")).collect();
        for there in ["tokio", "kube", "aws-lc-rs", "libc"] {
            assert!(names.contains(there), "{there}");
        }
        // what builds, tests, is for another system, or is named by a feature that nobody turned on
        for other in ["dcaas", "sandbox", "xtask", "cc", "syn", "hcl-edit", "windows-sys", "ring"] {
            assert!(!names.contains(other), "{other}");
        }
        for part in list_of(&list["components"]) {
            assert_eq!(part["hashes"][0]["content"].as_str().map(str::len), Some(64), "{part}");
            assert!(part["licenses"][0]["expression"].is_string(), "{part}");
        }
        let known: BTreeSet<&str> = list_of(&list["dependencies"]).map(|row| word(row, "ref")).collect();
        for row in list_of(&list["dependencies"]) {
            assert!(list_of(&row["dependsOn"]).all(|other| known.contains(other.as_str().unwrap())), "{row}");
        }
    }
}
