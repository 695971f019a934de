//! A member's home disk, and their storage container as a volume.

use serde_json::json;

use crate::cluster::manifest::{Manifest, Owner};

/// The claim of the home disk; the disk is made when the first pod is placed, in its zone.
pub fn home(owner: Owner) -> Manifest {
    let workspaces = &owner.settings.workspaces;
    owner.object(
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "home",
        json!({
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": workspaces.home_class,
                "resources": { "requests": { "storage": workspaces.home_size } },
            },
        }),
    )
}

/// The container as a volume of the blob driver, mounted by the node's identity: no key anywhere.
pub fn data_volume(owner: Owner) -> Manifest {
    let namespace = owner.member.namespace();
    let storage = &owner.settings.storage;
    owner.clusterwide(
        "PersistentVolume",
        "persistentvolumes",
        &namespace,
        json!({
            "spec": {
                // the driver does not enforce it, the API wants one
                "capacity": { "storage": "1Ti" },
                "accessModes": ["ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "",
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": namespace,
                    "name": "data",
                },
                "mountOptions": [
                    "-o allow_other", "-o uid=1000", "-o gid=1000",
                    "--file-cache-timeout-in-seconds=120", "--cancel-list-on-mount-seconds=10",
                    "-o attr_timeout=120", "-o entry_timeout=120", "-o negative_timeout=120",
                    "--log-level=LOG_WARNING",
                ],
                "csi": {
                    "driver": "blob.csi.azure.com",
                    "volumeHandle": format!("{}_{namespace}", storage.account),
                    "volumeAttributes": {
                        "resourceGroup": storage.resource_group,
                        "storageAccount": storage.account,
                        "containerName": namespace,
                        "protocol": "fuse2",
                        "AzureStorageAuthType": "MSI",
                        "AzureStorageIdentityClientID": storage.node_client_id,
                    },
                },
            },
        }),
    )
}

/// The claim of that volume.
pub fn data(owner: Owner) -> Manifest {
    owner.object(
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "data",
        json!({
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "",
                "volumeName": owner.member.namespace(),
                "resources": { "requests": { "storage": "1Ti" } },
            },
        }),
    )
}
