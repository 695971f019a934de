//! Rows: a pod on its machine whose containers have not begun.

use serde_json::json;

use super::{case::Case, make::{installed, placed}};

const INSTALL: &str = "spec.initContainers{install}";
const WORKSPACE: &str = "spec.containers{workspace}";

pub fn rows() -> Vec<Case> {
    vec![
        placed("nothing said").starts("prepares your workspace with image 'ours.azurecr.io/team/cuda:12'", ""),
        placed("just placed").event("Scheduled", "Successfully assigned dc-1/workspace-0 to aks-steady-12345678-vmss000000")
            .starts("The machine is there", ""),
        // kubernetes pkg/controller/volume/attachdetach/reconciler/reconciler.go, reportMultiAttachError
        placed("attached elsewhere, a moment ago")
            .event("FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node and can't be attached to another")
            .starts("attached to another machine", "let go"),
        placed("attached elsewhere")
            .event_at(50, 50, "FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) workspace-0")
            .fails("attached to another machine", "the start goes on by itself"),
        placed("attached elsewhere, and let go")
            .event_at(50, 50, "FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node and can't be attached to another")
            .event("SuccessfulAttachVolume", "AttachVolume.Attach succeeded for volume \"pvc-1\"")
            .starts("The machine is there", ""),
        // azuredisk-csi-driver pkg/azuredisk/azure_controller_common.go and controllerserver.go
        placed("attached elsewhere, says Azure")
            .event_at(50, 5, "FailedAttachVolume", "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal desc = Attach volume pvc-1 to instance aks-steady-12345678-vmss000001 failed with disk(/subscriptions/s/resourceGroups/mc/providers/Microsoft.Compute/disks/pvc-1) already attached to node(/subscriptions/s/virtualMachines/aks-steady-12345678-vmss_0), could not be attached to node(aks-steady-12345678-vmss000001)")
            .fails("attached to another machine", "let go"),
        // jenkins-infra/azure #1406 and jrudlin/Azure #7: two texts of Azure Compute
        placed("zone, says Azure")
            .event("FailedAttachVolume", "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal desc = BadRequest: Disk pvc-1 cannot be attached to the VM because it is not in the same zone as the VM. VM zone: '1'. Disk zone: '2'.")
            .fails("another zone than the machine", "move the disk"),
        placed("zone, says Azure otherwise")
            .event("FailedAttachVolume", "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal desc = Disk pvc-1 cannot be attached to the VM because it is not in zone '1'.")
            .fails("another zone than the machine", "move the disk"),
        // kubernetes pkg/volume/util/operationexecutor/operation_generator.go
        placed("zone, says the kubelet")
            .event("FailedMount", "MountVolume.NodeAffinity check failed for volume \"pvc-1\" : no matching NodeSelectorTerms")
            .fails("another zone than the machine", "move the disk"),
        placed("attach times out once").event("FailedAttachVolume", "AttachVolume.Attach failed for volume \"pvc-1\" : timed out waiting for external-attacher of disk.csi.azure.com CSI driver to attach volume pvc-1")
            .starts("can not be attached", "tried again"),
        placed("attach times out again and again").event_at(55, 2, "FailedAttachVolume", "AttachVolume.Attach failed for volume \"pvc-1\" : timed out waiting for external-attacher of disk.csi.azure.com CSI driver to attach volume pvc-1")
            .fails("can not be attached", "tell an admin"),
        // kubernetes pkg/volume/csi/csi_client.go
        placed("new machine").event_at(55, 2, "FailedMount", "MountVolume.MountDevice failed for volume \"dc-1\" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name blob.csi.azure.com not found in the list of registered CSI drivers")
            .starts("can not mount disks yet", "tried again"),
        // blob-csi-driver #1689
        placed("no right to the data").event_at(55, 2, "FailedMount", "MountVolume.MountDevice failed for volume \"dc-1\" : rpc error: code = Internal desc = Mount failed with error: rpc error: code = Unknown desc = exit status 1 Error: failed to initialize new pipeline [failed to authenticate credentials for azstorage] , output: Please refer to http://aka.ms/blobmounterror for possible causes and solutions for mount errors.")
            .fails("may not read your data", "machines' identity"),
        placed("home not mounted").event_at(55, 2, "FailedMount", "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = DeadlineExceeded desc = context deadline exceeded")
            .fails("home disk can not be mounted", "tell an admin"),
        // kubernetes pkg/kubelet/kubelet.go and volumemanager/volume_manager.go
        placed("home not mounted in time").event_at(55, 2, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[home], unattached volumes=[], failed to process volumes=[]: context deadline exceeded")
            .fails("home disk can not be mounted", "tell an admin"),
        placed("data not mounted").event_at(55, 2, "FailedMount", "MountVolume.MountDevice failed for volume \"dc-1\" : rpc error: code = DeadlineExceeded desc = context deadline exceeded")
            .fails("data can not be mounted", "tell an admin"),
        placed("data not mounted in time").event_at(55, 2, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: context deadline exceeded")
            .fails("data can not be mounted", "tell an admin"),
        placed("something small, at first").event("FailedMount", "MountVolume.SetUp failed for volume \"token\" : failed to sync secret cache: timed out waiting for the condition")
            .starts("A volume can not be mounted", "tried again"),
        installed("a mount that failed and then went well")
            .event_at(58, 51, "FailedMount", "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = Aborted desc = An operation with the given Volume ID pvc-1 already exists")
            .starts("The machine is there", ""),
        // kubernetes pkg/volume/volume_linux.go
        placed("many files").event("VolumePermissionChangeInProgress", "Setting volume ownership for 0b1f8c52/volumes/pvc-1, processed 400000 files.")
            .starts("one by one", ""),
        // kubernetes pkg/kubelet/kubelet.go and kuberuntime/kuberuntime_manager.go
        placed("no network yet").event("NetworkNotReady", "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized")
            .starts("no network yet", "tried again"),
        placed("no sandbox").event("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"a\": plugin type=\"azure-vnet\" failed (add)")
            .starts("can not make room", "tried again"),
        placed("a sandbox at the second try")
            .event_at(40, 40, "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded")
            .event("Pulling", "Pulling image \"ours.azurecr.io/dcaas/platform:1\"").of("fieldPath", json!(INSTALL))
            .starts("is being pulled", ""),
        // kubernetes pkg/kubelet/images/image_manager.go: all within one second
        installed("the image is pulled, and the platform was there at once")
            .event("Pulled", "Container image \"ours.azurecr.io/dcaas/platform:1\" already present on machine").of("fieldPath", json!(INSTALL))
            .event("Created", "Container created").of("fieldPath", json!(INSTALL))
            .event("Started", "Container started").of("fieldPath", json!(INSTALL))
            .event("Pulling", "Pulling image \"ours.azurecr.io/team/cuda:12\"").of("fieldPath", json!(WORKSPACE))
            .starts("is being pulled", ""),
        installed("the image is there")
            .event_at(40, 40, "Pulling", "Pulling image \"ours.azurecr.io/team/cuda:12\"").of("fieldPath", json!(WORKSPACE))
            .event("Pulled", "Successfully pulled image \"ours.azurecr.io/team/cuda:12\" in 27.88s (27.88s including waiting). Image size: 68507108 bytes.").of("fieldPath", json!(WORKSPACE))
            .event("Created", "Container created").of("fieldPath", json!(WORKSPACE))
            .starts("The machine is there", ""),
    ]
}
