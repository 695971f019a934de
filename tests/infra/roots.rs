//! The roots as they are read: blocks by kind, variables with their types, outputs with their keys; and their order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Body};

/// In the order in which they are applied.
pub const ROOTS: [&str; 3] = ["identity", "tenant", "platform"];

/// The files of one folder.
pub struct Root {
    pub name: String,
    pub files: Vec<(String, Body)>,
}

impl Root {
    pub fn read(name: &str) -> Self {
        Self::of(&super::folder().join(name), name)
    }

    /// Of any folder.
    pub fn of(folder: &Path, name: &str) -> Self {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "tf") {
                let text = fs::read_to_string(&path).unwrap();
                let body: Body = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                files.push((path.file_name().unwrap().to_string_lossy().into_owned(), body));
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Self { name: name.to_owned(), files }
    }

    /// All blocks of a kind (`resource`, `variable`, …).
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.files.iter().flat_map(move |(_, body)| body.get_blocks(kind))
    }

    /// Every block with where it stands.
    pub fn all(&self) -> impl Iterator<Item = (String, &Block)> {
        self.files.iter().flat_map(move |(file, body)| {
            body.blocks().map(move |block| (format!("{}/{file}: {}", self.name, address(block)), block))
        })
    }

    /// The names of the blocks of a kind.
    pub fn named(&self, kind: &str) -> BTreeSet<String> {
        self.blocks(kind).map(|block| label(block, 0)).collect()
    }

    /// Everything that stands in a `locals` block.
    pub fn locals(&self) -> BTreeMap<String, &Expression> {
        self.blocks("locals")
            .flat_map(|block| block.body.attributes())
            .map(|attribute| (attribute.key.to_string(), &attribute.value))
            .collect()
    }

    /// Variables that somebody has to give.
    fn required(&self) -> BTreeSet<String> {
        self.blocks("variable")
            .filter(|block| !block.body.has_attribute("default"))
            .map(|block| label(block, 0))
            .collect()
    }

    /// The attributes of a variable whose type is an object.
    pub fn attributes_of_variable(&self, name: &str) -> Option<BTreeSet<String>> {
        let block = self.blocks("variable").find(|block| label(block, 0) == name)?;
        let Expression::FuncCall(call) = &block.body.get_attribute("type")?.value else { return None };
        if call.name.name.as_str() != "object" {
            return None;
        }
        keys(call.args.iter().next()?)
    }

    /// The keys of an output whose value is an object.
    fn keys_of_output(&self, name: &str) -> Option<BTreeSet<String>> {
        let block = self.blocks("output").find(|block| label(block, 0) == name)?;
        keys(&block.body.get_attribute("value")?.value)
    }
}

/// A label of a block, without quotes.
pub fn label(block: &Block, at: usize) -> String {
    block.labels.get(at).map(|label| label.as_str().to_owned()).unwrap_or_default()
}

/// As Terraform writes it.
pub fn address(block: &Block) -> String {
    let mut words = vec![block.ident.to_string()];
    words.extend(block.labels.iter().map(|label| label.as_str().to_owned()));
    words.join(".")
}

/// The keys of an object that is written out.
pub fn keys(value: &Expression) -> Option<BTreeSet<String>> {
    let Expression::Object(object) = value else { return None };
    Some(object.iter().map(|(key, _)| key_name(key)).collect())
}

pub fn key_name(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(ident) => ident.to_string(),
        ObjectKey::Expression(expression) => expression.as_str().unwrap_or_default().to_owned(),
    }
}

#[test]
fn no_root_needs_what_a_later_one_makes() {
    let roots: Vec<Root> = ROOTS.map(Root::read).into();
    for (at, root) in roots.iter().enumerate() {
        let example = super::folder().join(&root.name).join("example.tfvars");
        let given: BTreeSet<String> = match fs::read_to_string(&example) {
            Ok(text) => {
                let body: Body = text.parse().unwrap();
                body.attributes().map(|attribute| attribute.key.to_string()).collect()
            }
            Err(_) => BTreeSet::new(),
        };
        let known = root.named("variable");
        assert!(given.is_subset(&known), "{}: the example names {given:?}", root.name);
        let mut told = BTreeSet::new();
        for earlier in &roots[..at] {
            for output in earlier.named("output") {
                let Some(wanted) = root.attributes_of_variable(&output) else { continue };
                let had = earlier.keys_of_output(&output).unwrap();
                assert!(
                    wanted.is_subset(&had),
                    "{}: of {output} it wants {wanted:?}, not {had:?}",
                    root.name
                );
                told.insert(output);
            }
        }
        let expected: BTreeSet<String> = given.union(&told).cloned().collect();
        let missing: Vec<_> = root.required().difference(&expected).cloned().collect();
        assert!(
            missing.is_empty(),
            "{}: neither an earlier root nor the example gives {missing:?}",
            root.name
        );
        assert_eq!(told.len(), at, "{}: each earlier root tells it something", root.name);
    }
}

#[test]
fn every_file_is_small_and_every_variable_and_output_says_what_it_is() {
    for root in ROOTS.map(Root::read).into_iter().chain([Root::read("platform/profiles")]) {
        for (file, body) in &root.files {
            let lines =
                fs::read_to_string(super::folder().join(&root.name).join(file)).unwrap().lines().count();
            let limit = if file == "variables.tf" { 320 } else { 150 };
            assert!(lines <= limit, "{}/{file}: {lines} lines", root.name);
            assert!(body.span().is_none() || !body.is_empty(), "{}/{file}: nothing in it", root.name);
        }
        for block in root.blocks("variable").chain(root.blocks("output")) {
            let says =
                block.body.get_attribute("description").and_then(|d| d.value.as_str()).unwrap_or_default();
            assert!(says.ends_with('.'), "{}: {} has no description in words", root.name, address(block));
        }
    }
}
