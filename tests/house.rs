//! The rules of the house: floors, first lines, and lists that must say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use dcaas::{config::SETTINGS, config::Settings, functions::FUNCTIONS};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// The floor of each unit, as `lib.rs` lists them: a blank line between modules starts the next one.
fn floors() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let mut floor = 0;
    let mut floors = BTreeMap::new();
    for line in text.lines() {
        if line.is_empty() {
            floor += 1;
        } else if let Some(name) = line.strip_prefix("pub mod ") {
            floors.insert(name.trim_end_matches(';').to_owned(), floor);
        }
    }
    floors
}

/// The units that a text names after `crate::`, alone or in braces.
fn named(text: &str) -> BTreeSet<String> {
    let parts = text.match_indices("crate::").map(|(at, prefix)| &text[at + prefix.len()..]);
    parts
        .flat_map(
            |rest| {
                if let Some(list) = rest.strip_prefix('{') { items(list) } else { vec![first_word(rest)] }
            },
        )
        .collect()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first words of the items of a list, up to its closing brace.
fn items(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut starts = vec![0];
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts.into_iter().map(|at| first_word(list[at..].trim_start())).filter(|word| !word.is_empty()).collect()
}

fn unit_of(file: &Path) -> String {
    let path = file.strip_prefix(repository().join("src")).unwrap();
    let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").trim_end_matches("_tests").to_owned()
}

#[test]
fn the_units_that_a_file_names_are_found() {
    let text =
        "use crate::{\n api::{a::B, c},\n app::Ready, turn,\n};\nuse crate::pod;\nlet x = crate::plan::y();";
    let found: Vec<String> = named(text).into_iter().collect();
    assert_eq!(found, ["api", "app", "plan", "pod", "turn"]);
}

#[test]
fn a_module_names_only_lower_floors() {
    let floors = floors();
    let mut wrong = Vec::new();
    for file in files(&repository().join("src"), ".rs") {
        let unit = unit_of(&file);
        let Some(own) = floors.get(&unit) else { continue };
        for other in named(&fs::read_to_string(&file).unwrap()) {
            let Some(floor) = floors.get(&other).filter(|_| other != unit) else {
                continue;
            };
            if floor >= own {
                wrong.push(format!("{} names {other}, which is not below {unit}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "move what is needed to a lower floor:\n{}", wrong.join("\n"));
}

#[test]
fn narrow_rooms_keep_their_doors_shut() {
    // who may name what, where floors alone would allow more
    let only = |unit: &str, allowed: &[&str]| {
        for file in files(&repository().join("src"), ".rs").iter().filter(|f| unit_of(f) == unit) {
            for other in named(&fs::read_to_string(file).unwrap()) {
                let known =
                    !floors().contains_key(&other) || other == unit || allowed.contains(&other.as_str());
                assert!(known, "{} names {other}; {unit} may name {allowed:?} only", file.display());
            }
        }
    };
    only("agent", &["domain", "pod"]);
    only("cli", &["domain", "api", "device_flow"]);
    only("plan", &["domain"]);
    only("domain", &[]);
    for file in files(&repository().join("src"), ".rs") {
        let text = fs::read_to_string(&file).unwrap();
        let unit = unit_of(&file);
        let pure = unit == "domain" || unit == "plan";
        assert!(!(pure && text.contains("serde")), "{}: the edges own the wire types", file.display());
        assert!(!(pure && text.contains("async fn")), "{}: deciding is pure", file.display());
        assert!(
            !(text.contains("actix_web") && unit != "serve"),
            "{}: only serve knows actix",
            file.display()
        );
        let kubernetes = text.contains("k8s_openapi") || text.contains("kube::");
        assert!(!(kubernetes && unit != "cluster"), "{}: only cluster knows Kubernetes", file.display());
        let clock = text.contains("Utc::now()") && !["app", "agent", "cli"].contains(&unit.as_str());
        assert!(!clock, "{}: the time comes from app", file.display());
    }
    for function in files(&repository().join("src/functions"), ".rs") {
        let text = fs::read_to_string(&function).unwrap();
        assert!(!text.contains("functions::"), "{}: no function names another", function.display());
    }
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_too_long() {
    for folder in ["src", "sandbox/src", "xtask/src", "tests", "benches"] {
        for file in files(&repository().join(folder), ".rs") {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//! "), "{}: open with `//!` and one sentence", file.display());
            let lines = text.lines().count();
            assert!(lines <= 400, "{}: {lines} lines: it holds two rooms", file.display());
        }
    }
}

#[test]
fn every_function_has_a_folder_and_every_folder_a_function() {
    let rows: BTreeSet<String> = FUNCTIONS.iter().map(|f| f.name.to_owned()).collect();
    let folders: BTreeSet<String> = files(&repository().join("functions"), "function.json")
        .iter()
        .map(|f| f.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(rows, folders);
    for name in &rows {
        let file = repository().join(format!("functions/{name}/function.json"));
        let json: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let trigger = &json["bindings"][0];
        if trigger["type"] == "httpTrigger" {
            // one parameter that has to be empty: the form of the host for the page at `/`
            let route = if name == "home" { "{ignored:maxlength(0)?}".into() } else { format!("api/{name}") };
            assert_eq!(trigger["route"], route, "routes are whole");
            assert_eq!(trigger["authLevel"], "anonymous", "identity is ours");
        }
    }
}

#[test]
fn the_example_lists_exactly_the_settings() {
    let text = fs::read(repository().join("local.settings.json.example")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let values: BTreeMap<String, String> = serde_json::from_value(json["Values"].clone()).unwrap();
    let listed: BTreeSet<&str> = values.keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = SETTINGS.iter().map(|row| row.name).collect();
    assert_eq!(listed, known);
    Settings::read(&values).unwrap();
}

#[test]
fn the_tree_has_one_tls_provider() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--edges", "normal,build", "--prefix", "none", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("aws-lc-rs v"), "{tree}");
    for other in ["ring v", "openssl v", "native-tls v"] {
        assert!(!tree.lines().any(|line| line.starts_with(other)), "{other}: find it with cargo tree -i");
    }
}
