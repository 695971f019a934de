//! Every name that is used is declared, can be read, and every one that is declared is used.

use std::collections::BTreeSet;

use hcl_edit::expr::{Expression, ForExpr, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Attribute, Block};
use hcl_edit::visit::{Visit, visit_attr, visit_block, visit_expr, visit_for_expr, visit_traversal};

use super::check::Schema;
use super::roots::{ROOTS, Root, label};

/// What a text names.
#[derive(Default)]
struct Names {
    /// Paths: the first name, and the attributes after it.
    paths: Vec<Vec<String>>,
    /// Names that stand alone.
    bare: BTreeSet<String>,
    /// What `for` and `dynamic` introduce.
    bound: BTreeSet<String>,
}

impl Visit for Names {
    fn visit_attr(&mut self, node: &Attribute) {
        // a type is written with bare words, and is no expression
        if !["type", "ignore_changes"].contains(&node.key.as_str())
            || matches!(node.value, Expression::String(_))
        {
            visit_attr(self, node);
        }
    }

    fn visit_block(&mut self, node: &Block) {
        if node.ident.as_str() == "dynamic" {
            self.bound.insert(label(node, 0));
        }
        // names of providers, not of anything here
        if node.ident.as_str() != "terraform" {
            visit_block(self, node);
        }
    }

    fn visit_object_key(&mut self, node: &ObjectKey) {
        // a bare key is a word
        if let ObjectKey::Expression(expression) = node {
            visit_expr(self, expression);
        }
    }

    fn visit_for_expr(&mut self, node: &ForExpr) {
        let intro = &node.intro;
        self.bound.extend(intro.key_var.iter().chain([&intro.value_var]).map(ToString::to_string));
        visit_for_expr(self, node);
    }

    fn visit_traversal(&mut self, node: &Traversal) {
        if let Expression::Variable(first) = &node.expr {
            let mut path = vec![first.to_string()];
            path.extend(node.operators.iter().filter_map(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.to_string()),
                _ => None,
            }));
            self.paths.push(path);
            // what stands in brackets
            for operator in &node.operators {
                self.visit_traversal_operator(operator.value());
            }
        } else {
            visit_traversal(self, node);
        }
    }

    fn visit_expr(&mut self, node: &Expression) {
        if let Expression::Variable(name) = node {
            self.bare.insert(name.to_string());
        }
        visit_expr(self, node);
    }
}

/// Names that Terraform has itself.
const BUILT_IN: [&str; 5] = ["each", "count", "path", "self", "terraform"];

fn faults(root: &Root) -> Vec<String> {
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    let (variables, locals) = (root.named("variable"), root.locals());
    for (at, block) in root.all() {
        let mut names = Names::default();
        names.visit_block(block);
        for path in &names.paths {
            let word = |at: usize| path.get(at).map_or("", String::as_str);
            let written = path.join(".");
            used.insert(format!("{}.{}", word(0), word(1)));
            let good = match word(0) {
                "var" => {
                    let attributes = root.attributes_of_variable(word(1));
                    variables.contains(word(1))
                        && (path.len() < 3 || attributes.is_none_or(|known| known.contains(word(2))))
                }
                "local" => locals.contains_key(word(1)),
                "module" => {
                    root.named("module").contains(word(1))
                        && Root::read(&format!("{}/{}", root.name, word(1))).named("output").contains(word(2))
                }
                "data" => readable(root, "data", word(1), word(2), word(3)),
                first if first.contains('_') => readable(root, "resource", first, word(1), word(2)),
                first => BUILT_IN.contains(&first) || names.bound.contains(first),
            };
            if !good {
                found.push(format!("{at}: there is no {written}"));
            }
        }
        for name in names.bare.difference(&names.bound) {
            found.push(format!("{at}: what is {name}?"));
        }
    }
    for (kind, names) in [("var", variables), ("local", locals.into_keys().collect())] {
        for name in names {
            if !used.contains(&format!("{kind}.{name}")) {
                found.push(format!("{}: nothing uses {kind}.{name}", root.name));
            }
        }
    }
    found
}

/// Whether a resource is declared and has this attribute.
fn readable(root: &Root, kind: &str, class: &str, name: &str, attribute: &str) -> bool {
    let declared = root.blocks(kind).any(|block| label(block, 0) == class && label(block, 1) == name);
    let known = class == "terraform_data"
        || Schema::of(kind, class)
            .is_some_and(|schema| attribute.is_empty() || attribute == "id" || schema.has(attribute));
    declared && known
}

#[test]
fn every_name_is_declared_and_used() {
    for root in ROOTS.map(Root::read).into_iter().chain([Root::read("platform/profiles")]) {
        let found = faults(&root);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn a_name_that_is_wrong_is_found() {
    let folder = super::scratch("names");
    let rows = [
        ("output \"a\" {\n value = var.there\n}", None),
        ("output \"a\" {\n value = [for one in var.there : one]\n}", None),
        ("output \"a\" {\n value = [var.there, var.ther]\n}", Some("there is no var.ther")),
        ("output \"a\" {\n value = \"${var.there}${local.x}\"\n}", Some("there is no local.x")),
        ("output \"a\" {\n value = [var.there, there]\n}", Some("what is there?")),
        (
            "output \"a\" {\n value = [var.there, azurerm_resource_group.g.id]\n}",
            Some("no azurerm_resource_group.g.id"),
        ),
        (
            "resource \"azurerm_resource_group\" \"g\" {\n}\noutput \"a\" {\n value = [var.there, azurerm_resource_group.g.place]\n}",
            Some("no azurerm_resource_group.g.place"),
        ),
        ("output \"a\" {\n value = 1\n}", Some("nothing uses var.there")),
    ];
    for (text, why) in rows {
        std::fs::write(
            folder.join("main.tf"),
            format!("variable \"there\" {{\n type = string\n}}\n{text}\n"),
        )
        .unwrap();
        let found = faults(&Root::of(&folder, "names"));
        match why {
            None => assert!(found.is_empty(), "{text}: {found:?}"),
            Some(why) => assert!(found.len() == 1 && found[0].contains(why), "{text}: {found:?}"),
        }
    }
}
