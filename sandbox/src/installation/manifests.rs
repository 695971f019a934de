//! The installation's manifests, applied as an administrator of the cluster would.

use super::placeholders::{self, Values};
use crate::kubernetes::apply;
use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, PostParams},
};
use std::{collections::BTreeSet, path::Path};

/// Applies all manifests of a folder, in the order of their names.
///
/// # Errors
/// Names the file that can not be read, and the object that was refused.
pub async fn apply(client: &Client, folder: &Path, values: &Values) -> Result<()> {
    for (file, objects) in read(folder, values)? {
        for namespace in homeless(&objects) {
            make(client, &namespace).await.with_context(|| file.clone())?;
        }
        apply::all(client, &objects).await.context(file)?;
    }
    Ok(())
}

/// The objects of each file, filled.
fn read(folder: &Path, values: &Values) -> Result<Vec<(String, Vec<DynamicObject>)>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("no manifests in {}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let read = || path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(read)?;
        let text = placeholders::manifest(&text, values).with_context(read)?;
        all.push((read(), apply::documents(&text).with_context(read)?));
    }
    Ok(all)
}

/// Namespaces that objects ask for and that no object of the same file makes.
fn homeless(objects: &[DynamicObject]) -> BTreeSet<String> {
    let is_namespace =
        |object: &&DynamicObject| object.types.as_ref().is_some_and(|types| types.kind == "Namespace");
    let made: BTreeSet<String> = objects.iter().filter(is_namespace).map(ResourceExt::name_any).collect();
    objects.iter().filter_map(ResourceExt::namespace).filter(|name| !made.contains(name)).collect()
}

/// The administrator makes the namespace by hand before applying; one that is there is as good.
async fn make(client: &Client, name: &str) -> Result<()> {
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(name.to_owned());
    match Api::all(client.clone()).create(&PostParams::default(), &namespace).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(error).with_context(|| format!("namespace {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_read_in_order_and_filled() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                "b.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: '${INSTALLATION}'}\n",
            ),
            ("a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: '${INSTALLATION}'}\n"),
            ("c.txt", "${NOBODY}"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let values: Values = [("INSTALLATION", "one".to_owned())].into();
        let files = read(folder.path(), &values).unwrap();
        let names: Vec<_> = files.iter().flat_map(|(_, objects)| objects.iter().map(apply::called)).collect();
        assert_eq!(names, ["Namespace one", "ConfigMap b"]);
        assert!(homeless(&files[0].1).is_empty());
        assert_eq!(homeless(&files[1].1), ["one".to_owned()].into());
        assert!(read(folder.path(), &Values::new()).is_err());
    }
}
