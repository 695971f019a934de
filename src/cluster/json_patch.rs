//! A JSON Patch: what was seen is tested, and only then something changes (RFC 6902).

use kube::{
    api::{Patch, PatchParams},
    core::Request,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cluster::request::{Error, build, refused};

/// The request for a patch. It holds the patch's bytes, and not the ten times larger tree: many may wait for their turn.
///
/// # Errors
/// When it can not be built.
pub fn json_patch(objects: &Request, name: &str, ops: Vec<Value>) -> Result<http::Request<Vec<u8>>, Error> {
    let patch = Patch::<()>::Json(serde_json::from_value(Value::Array(ops)).map_err(|e| refused(&e))?);
    build(objects.patch(name, &PatchParams::default(), &patch))
}

/// The path of an annotation.
pub fn annotation(name: &str) -> String {
    format!("/metadata/annotations/{}", escaped(name))
}

/// The path of a label.
pub fn label(name: &str) -> String {
    format!("/metadata/labels/{}", escaped(name))
}

/// The path of what every write changes.
pub const VERSION: &str = "/metadata/resourceVersion";

pub fn test(path: &str, value: impl Serialize) -> Value {
    json!({ "op": "test", "path": path, "value": value })
}

pub fn replace(path: &str, value: impl Serialize) -> Value {
    json!({ "op": "replace", "path": path, "value": value })
}

pub fn add(path: &str, value: impl Serialize) -> Value {
    json!({ "op": "add", "path": path, "value": value })
}

/// A name as one part of a path (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
