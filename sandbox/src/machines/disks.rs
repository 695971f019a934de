//! The cloud's disks: one for each claim of the disk driver's class, gone when its volume is released.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, PostParams},
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The driver whose disks are made here.
pub const DRIVER: &str = "disk.csi.azure.com";

/// Where Azure would keep the disks of this cluster.
const DISKS: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mc_world/providers/\
                     Microsoft.Compute/disks/";

/// The volume for a claim, once Kubernetes asks the driver for one; none while it does not.
#[must_use]
pub fn volume_for(claim: &PersistentVolumeClaim) -> Option<PersistentVolume> {
    let asked = claim.annotations().get("volume.kubernetes.io/storage-provisioner")?;
    let spec = claim.spec.as_ref()?;
    let going = claim.metadata.deletion_timestamp.is_some();
    if asked != DRIVER || going || spec.volume_name.as_deref().is_some_and(|name| !name.is_empty()) {
        return None;
    }
    let name = format!("pvc-{}", claim.uid()?);
    let storage = spec.resources.as_ref()?.requests.as_ref()?.get("storage")?;
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER}},
        "spec": {
            "capacity": {"storage": storage},
            "accessModes": spec.access_modes,
            "volumeMode": "Filesystem",
            "storageClassName": spec.storage_class_name,
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                "name": claim.name_any(), "uid": claim.uid(),
            },
            "csi": {
                "driver": DRIVER, "fsType": "ext4", "volumeHandle": format!("{DISKS}{name}"),
                "volumeAttributes": {"requestedsizegib": storage, "skuname": "StandardSSD_LRS"},
            },
        },
    });
    serde_json::from_value(volume).ok()
}

/// Whether the volume is one of ours that nobody holds any more.
#[must_use]
pub fn is_released(volume: &PersistentVolume) -> bool {
    let Some(spec) = &volume.spec else { return false };
    spec.csi.as_ref().is_some_and(|csi| csi.driver == DRIVER)
        && spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete")
        && volume.metadata.deletion_timestamp.is_none()
        && volume.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Released")
}

/// Makes the disk of a claim, if one is asked for.
pub async fn provide(client: &Client, claim: &PersistentVolumeClaim) {
    let Some(volume) = volume_for(claim) else { return };
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    match volumes.create(&PostParams::default(), &volume).await {
        Ok(_) => (),
        Err(kube::Error::Api(status)) if status.is_already_exists() => (),
        Err(error) => tracing::warn!("no disk for claim {}: {error}", claim.name_any()),
    }
}

/// Deletes a released disk with what was on it.
pub async fn discard(client: &Client, volumes: &Path, volume: &PersistentVolume) {
    if !is_released(volume) {
        return;
    }
    let api: Api<PersistentVolume> = Api::all(client.clone());
    if let Err(error) = api.delete(&volume.name_any(), &DeleteParams::default()).await {
        tracing::warn!("disk {} can not be deleted: {error}", volume.name_any());
        return;
    }
    let handle = volume.spec.as_ref().and_then(|spec| spec.csi.as_ref()).map(|csi| csi.volume_handle.clone());
    if let Some(folder) = handle.and_then(|handle| folder(volumes, &handle)) {
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
}

/// The folder that stands for a disk, by its handle's last part; none for a handle that is no disk's.
fn folder(volumes: &Path, handle: &str) -> Option<PathBuf> {
    let name = handle.strip_prefix(DISKS)?;
    (name.starts_with("pvc-") && !name.contains('/')).then(|| volumes.join("disk").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn claim(change: impl Fn(&mut Value)) -> PersistentVolumeClaim {
        let mut claim = json!({
            "metadata": {"name": "home", "namespace": "dc-1", "uid": "u1",
                "annotations": {"volume.kubernetes.io/storage-provisioner": DRIVER}},
            "spec": {"storageClassName": "managed-csi", "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "32Gi"}}},
        });
        change(&mut claim);
        serde_json::from_value(claim).unwrap()
    }

    #[test]
    fn a_claim_gets_a_disk_when_kubernetes_asks_the_driver_and_not_before() {
        let volume = volume_for(&claim(|_| ())).unwrap();
        assert_eq!(volume.name_any(), "pvc-u1");
        let spec = volume.spec.unwrap();
        assert_eq!(spec.claim_ref.unwrap().uid.as_deref(), Some("u1"));
        assert_eq!(spec.capacity.unwrap()["storage"].0, "32Gi");
        let table: [fn(&mut Value); 4] = [
            |claim| claim["metadata"]["annotations"] = json!({}),
            |claim| claim["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"] = json!("x"),
            |claim| claim["spec"]["volumeName"] = json!("pvc-u1"),
            |claim| claim["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
        ];
        for (row, change) in table.into_iter().enumerate() {
            assert!(volume_for(&claim(change)).is_none(), "row {row}");
        }
    }

    #[test]
    fn only_a_released_disk_of_ours_is_discarded() {
        let mut volume = volume_for(&claim(|_| ())).unwrap();
        assert!(!is_released(&volume));
        volume.status = serde_json::from_value(json!({"phase": "Released"})).unwrap();
        assert!(is_released(&volume));
        volume.spec.as_mut().unwrap().persistent_volume_reclaim_policy = Some("Retain".into());
        assert!(!is_released(&volume));
    }

    #[test]
    fn a_folder_outside_the_volumes_is_never_named() {
        let volumes = Path::new("/v");
        assert_eq!(folder(volumes, &format!("{DISKS}pvc-1")), Some("/v/disk/pvc-1".into()));
        assert_eq!(folder(volumes, &format!("{DISKS}../x")), None);
        assert_eq!(folder(volumes, "acct_container"), None);
    }
}
