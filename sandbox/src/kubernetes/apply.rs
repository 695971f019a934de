//! Server-side apply of manifests, whatever their kinds.

use anyhow::{Context, Result, bail};
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{self, Scope},
};
use serde_json::Value;

/// Who applies, as managed fields show it.
const MANAGER: &str = "administrator";

/// The objects in a YAML text of several documents; a `List` is its items.
///
/// # Errors
/// Names the document that is no object of Kubernetes.
pub fn documents(yaml: &str) -> Result<Vec<DynamicObject>> {
    let values: Vec<Value> = serde_saphyr::from_multiple(yaml).context("this is no YAML")?;
    let mut objects = Vec::new();
    for (at, value) in values.into_iter().enumerate() {
        let items = match value {
            Value::Null => continue,
            Value::Object(mut map) if map.get("kind").is_some_and(|kind| kind == "List") => {
                map.remove("items").and_then(|items| items.as_array().cloned()).unwrap_or_default()
            }
            other => vec![other],
        };
        for item in items {
            let object: DynamicObject = serde_json::from_value(item)
                .with_context(|| format!("document {} is no object of Kubernetes", at + 1))?;
            if object.types.is_none() || object.metadata.name.is_none() {
                bail!("document {} has no apiVersion, kind or metadata.name", at + 1);
            }
            objects.push(object);
        }
    }
    Ok(objects)
}

/// Applies all, in their order.
///
/// # Errors
/// Names the first object that was refused.
pub async fn all(client: &Client, objects: &[DynamicObject]) -> Result<()> {
    for object in objects {
        one(client, object).await.with_context(|| called(object))?;
    }
    Ok(())
}

/// How people call an object.
#[must_use]
pub fn called(object: &DynamicObject) -> String {
    let kind = object.types.as_ref().map_or("object", |types| types.kind.as_str());
    format!("{kind} {}", object.name_any())
}

async fn one(client: &Client, object: &DynamicObject) -> Result<()> {
    let types = object.types.as_ref().context("no kind")?;
    let kind = GroupVersionKind::try_from(types).context("no kind that can be read")?;
    let (resource, capabilities) = discovery::pinned_kind(client, &kind).await?;
    let api: Api<DynamicObject> = match (capabilities.scope, object.namespace()) {
        (Scope::Cluster, _) => Api::all_with(client.clone(), &resource),
        (Scope::Namespaced, Some(namespace)) => Api::namespaced_with(client.clone(), &namespace, &resource),
        (Scope::Namespaced, None) => bail!("metadata.namespace is missing"),
    };
    let params = PatchParams::apply(MANAGER).force().validation_strict();
    api.patch(&object.name_any(), &params, &Patch::Apply(object)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_document_by_document() {
        let yaml = "# a comment\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n\
                    apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n";
        let names: Vec<_> = documents(yaml).unwrap().iter().map(called).collect();
        assert_eq!(names, ["Namespace a", "Secret b"]);
        assert!(documents("kind: Namespace").is_err());
        assert!(documents("a: [").is_err());
        assert!(!documents(super::super::CLUSTER).unwrap().is_empty());
    }
}
