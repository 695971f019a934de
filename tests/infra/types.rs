//! Whether what is written can be what a provider takes, as far as the text says.

use hcl_edit::expr::{Expression, TraversalOperator};
use serde_json::Value;

use super::roots::{Root, key_name, label};

/// What kind of thing is written here, if that can be seen.
enum Kind {
    One(&'static str),
    /// A variable of this type.
    Variable(String, String),
    Unknown,
}

/// Ok where the expression fits the type, or where nobody can tell; else what is wrong.
pub fn fits(root: &Root, value: &Expression, kind: &Value) -> Result<(), String> {
    match value {
        Expression::Parenthesis(inner) => return fits(root, inner.inner(), kind),
        Expression::Conditional(conditional) => {
            fits(root, &conditional.true_expr, kind)?;
            return fits(root, &conditional.false_expr, kind);
        }
        _ => {}
    }
    let (name, inner) = match kind {
        Value::String(name) => (name.as_str(), &Value::Null),
        Value::Array(parts) => (parts[0].as_str().unwrap_or_default(), &parts[1]),
        _ => return Ok(()),
    };
    match (name, value) {
        ("list" | "set", Expression::Array(items)) => {
            return items.iter().try_for_each(|item| fits(root, item, inner));
        }
        ("map", Expression::Object(object)) => {
            return object.iter().try_for_each(|(_, value)| fits(root, value.expr(), inner));
        }
        ("object", Expression::Object(object)) => {
            return object.iter().try_for_each(|(key, value)| match inner.get(key_name(key)) {
                Some(kind) => fits(root, value.expr(), kind),
                None => Err(format!("has no attribute {}", key_name(key))),
            });
        }
        _ => {}
    }
    let expected = match name {
        "list" | "set" => "list",
        "map" | "object" => "map",
        "dynamic" => return Ok(()),
        other => other,
    };
    match seen(root, value) {
        Kind::One(one) if one != expected => Err(format!("is a {one} and should be {name}")),
        Kind::Variable(variable, kind) if kind != expected => {
            Err(format!("is var.{variable}, a {kind}, and should be {name}"))
        }
        _ => Ok(()),
    }
}

fn seen(root: &Root, value: &Expression) -> Kind {
    match value {
        Expression::Bool(_) => Kind::One("bool"),
        Expression::Number(_) => Kind::One("number"),
        Expression::String(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => {
            Kind::One("string")
        }
        Expression::Array(_) => Kind::One("list"),
        Expression::Object(_) => Kind::One("map"),
        Expression::ForExpr(each) => Kind::One(if each.key_expr.is_some() { "map" } else { "list" }),
        Expression::FuncCall(call) => match call.name.name.as_str() {
            "jsonencode" | "format" | "join" | "replace" | "substr" | "sha256" | "tostring"
            | "formatdate" => Kind::One("string"),
            "concat" | "keys" | "toset" => Kind::One("list"),
            "merge" => Kind::One("map"),
            _ => Kind::Unknown,
        },
        Expression::Traversal(traversal) => {
            let Expression::Variable(first) = &traversal.expr else { return Kind::Unknown };
            let [only] = traversal.operators.as_slice() else { return Kind::Unknown };
            let (true, TraversalOperator::GetAttr(name)) = (first.as_str() == "var", only.value()) else {
                return Kind::Unknown;
            };
            let declared = root.blocks("variable").find(|block| label(block, 0) == name.as_str());
            match declared.and_then(|block| block.body.get_attribute("type")).map(|kind| &kind.value) {
                Some(Expression::Variable(kind)) => Kind::Variable(name.to_string(), kind.to_string()),
                Some(Expression::FuncCall(call)) => {
                    let kind = match call.name.name.as_str() {
                        "set" | "list" | "tuple" => "list",
                        _ => "map",
                    };
                    Kind::Variable(name.to_string(), kind.to_owned())
                }
                _ => Kind::Unknown,
            }
        }
        _ => Kind::Unknown,
    }
}
