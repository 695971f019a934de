//! Rows: a pod that has no machine yet.

use serde_json::json;

use super::{case::Case, make::unscheduled};

/// In kubernetes/autoscaler, `cluster-autoscaler`: the frame in `processors/status/eventing_scale_up_processor.go`,
/// the reasons in `core/scaleup/orchestrator/skippedreasons.go`, those of machines in the scheduler's plugins.
const NO: &str = "NotTriggerScaleUp";

pub fn rows() -> Vec<Case> {
    vec![
        unscheduled("nobody said anything yet").starts("Waiting for a machine for profile 'steady'", ""),
        // kubernetes pkg/scheduler/framework/types.go, FitError.Error
        unscheduled("the scheduler repeats itself while a machine is on its way")
            .event_at(60, 60, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 0->1 (max: 4)}]")
            .scheduler(110, 1, "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")
            .starts("is on its way", ""),
        unscheduled("the scheduler alone is no failure")
            .scheduler(110, 1, "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint {sku: gpu}.")
            .starts("Waiting for a machine", ""),
        unscheduled("a machine has come, and its GPU has not")
            .scheduler(110, 60, "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.")
            .event_at(60, 60, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 0->1 (max: 4)}]")
            .scheduler(20, 1, "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")
            .starts("there; its GPU is not ready yet", "10 minutes"),
        unscheduled("a machine comes, and others' GPUs are in use")
            .scheduler(110, 60, "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint(s).")
            .event_at(60, 60, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 1->2 (max: 4)}]")
            .scheduler(20, 1, "0/4 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 2 node(s) had untolerated taint(s).")
            .starts("is on its way", ""),
        unscheduled("full").event(NO, "pod didn't trigger scale-up: 2 node(s) didn't match Pod's node affinity/selector, 1 max node group size reached")
            .fails("at its maximum", "another profile"),
        unscheduled("after ten texts that differ").event(NO, "(combined from similar events): pod didn't trigger scale-up: 1 max node group size reached, 3 node(s) had untolerated taint {sku: gpu}")
            .fails("at its maximum", "when a machine is free"),
        unscheduled("cluster full").event(NO, "pod didn't trigger scale-up: max total nodes in cluster reached")
            .fails("as many machines as it may have", "another profile"),
        unscheduled("cores used up").event(NO, "pod didn't trigger scale-up: 1 max cluster cpu, nvidia.com/gpu limit reached")
            .fails("cores, memory or GPUs", "another profile"),
        unscheduled("no quota or no stock").event(NO, "pod didn't trigger scale-up: 1 in backoff after failed scale-up, 2 node(s) had untolerated taint {sku: gpu}")
            .fails("quota or its stock", "within 30 minutes"),
        unscheduled("unhealthy pool").event(NO, "pod didn't trigger scale-up: 1 not ready for scale-up")
            .fails("are in trouble", "tell an admin"),
        // kubernetes pkg/scheduler/framework/plugins/volumebinding/binder.go: until 1.35, and from 1.36 on
        unscheduled("zone, 1.35").event(NO, "pod didn't trigger scale-up: 1 node(s) had volume node affinity conflict, 2 node(s) didn't match Pod's node affinity/selector")
            .fails("in another zone", "move the disk"),
        unscheduled("zone, 1.36").event(NO, "pod didn't trigger scale-up: 1 node(s) didn't match PersistentVolume's node affinity")
            .fails("in another zone", "profile of that zone"),
        unscheduled("zone, while some other pool is full")
            .event(NO, "pod didn't trigger scale-up: 1 max node group size reached, 1 node(s) didn't match PersistentVolume's node affinity")
            .fails("in another zone", "move the disk"),
        // volumezone/volume_zone.go
        unscheduled("zone of an old volume").event(NO, "pod didn't trigger scale-up: 1 node(s) had no available volume zone")
            .fails("in another zone", "move the disk"),
        unscheduled("too large").event(NO, "pod didn't trigger scale-up: 1 Insufficient nvidia.com/gpu, 1 Insufficient memory, 1 node(s) had untolerated taint {CriticalAddonsOnly: true}")
            .fails("large enough", "tell an admin"),
        unscheduled("no such pool").event(NO, "pod didn't trigger scale-up: 3 node(s) didn't match Pod's node affinity/selector")
            .fails("belong to this profile", "tell an admin"),
        // tainttoleration/taint_toleration.go: the taint itself until 1.35, `taint(s)` from 1.36 on
        unscheduled("not tolerated").event(NO, "pod didn't trigger scale-up: 3 node(s) had untolerated taint(s)")
            .fails("accept this profile", "tell an admin"),
        unscheduled("no reason at all").event(NO, "pod didn't trigger scale-up: ")
            .fails("just now", "another profile"),
        // volumebinding/volume_binding.go
        unscheduled("claim gone").event(NO, "pod didn't trigger scale-up: 1 persistentvolumeclaim \"home\" not found")
            .fails("is missing", "provisioned again"),
        unscheduled("claim lost").scheduler(30, 1, "0/1 nodes are available: persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"dc-1\". not found")
            .fails("is missing", "provisioned again"),
        unscheduled("claim not bound").event(NO, "pod didn't trigger scale-up: 1 pod has unbound immediate PersistentVolumeClaims")
            .starts("not ready yet", "tell an admin"),
        unscheduled("claim not bound, says the scheduler").scheduler(30, 1, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found")
            .starts("not ready yet", "tell an admin"),
        unscheduled("claim was missing and is there")
            .scheduler(100, 90, "0/1 nodes are available: persistentvolumeclaim \"home\" not found. not found")
            .scheduler(20, 10, "0/1 nodes are available: 1 Insufficient cpu.")
            .starts("Waiting for a machine", ""),
        unscheduled("zone, says the scheduler, and nobody brings another machine")
            .scheduler(100, 1, "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match PersistentVolume's node affinity.")
            .fails("in another zone", "move the disk"),
        unscheduled("zone, says an older scheduler, just now")
            .scheduler(5, 1, "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had volume node affinity conflict.")
            .starts("in another zone", "move the disk"),
        unscheduled("binding takes long").scheduler(5, 1, "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded")
            .starts("not made yet", "tell an admin"),
        // kubernetes-csi/external-provisioner, controller
        unscheduled("disk is made").event("Provisioning", "External provisioner is provisioning volume for claim \"dc-1/home\"")
            .of("kind", json!("PersistentVolumeClaim")).of("uid", json!("c")).starts("disk is being made", ""),
        unscheduled("disk waits to be made").event("ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner 'disk.csi.azure.com' or manually by the system administrator.")
            .of("kind", json!("PersistentVolumeClaim")).of("uid", json!("c")).starts("disk is being made", ""),
        unscheduled("disk can not be made").event_at(90, 2, "ProvisioningFailed", "failed to provision volume with StorageClass \"managed-csi\": rpc error: code = Internal desc = QuotaExceeded")
            .of("kind", json!("PersistentVolumeClaim")).of("uid", json!("c")).fails("can not be made", "tell an admin"),
        unscheduled("disk made at the second try")
            .event_at(90, 20, "ProvisioningFailed", "failed to provision volume with StorageClass \"managed-csi\": rpc error: code = DeadlineExceeded desc = context deadline exceeded")
            .of("kind", json!("PersistentVolumeClaim")).of("uid", json!("c"))
            .event_at(20, 20, "ProvisioningSucceeded", "Successfully provisioned volume pvc-1")
            .of("kind", json!("PersistentVolumeClaim")).of("uid", json!("c")).starts("Waiting for a machine", ""),
        unscheduled("a disk's old trouble").event_at(4000, 3000, "ProvisioningFailed", "failed to provision volume")
            .of("kind", json!("PersistentVolumeClaim")).of("uid", json!("c")).starts("Waiting for a machine", ""),
        unscheduled("refused, then granted")
            .event_at(100, 50, NO, "pod didn't trigger scale-up: 1 in backoff after failed scale-up")
            .event_at(40, 40, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 0->1 (max: 4)}]")
            .starts("is on its way", ""),
        unscheduled("granted, then failed, whatever order the list has")
            .event_at(20, 10, NO, "pod didn't trigger scale-up: 1 in backoff after failed scale-up")
            .event_at(100, 100, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 0->1 (max: 4)}]")
            .fails("quota or its stock", "another profile"),
        unscheduled("both in one second: the later step")
            .event_at(40, 40, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 0->1 (max: 4)}]")
            .event_at(100, 40, NO, "pod didn't trigger scale-up: 1 max node group size reached")
            .starts("is on its way", ""),
        unscheduled("what was said of an earlier pod").event(NO, "pod didn't trigger scale-up: 1 max node group size reached")
            .of("uid", json!("5c0de-old")).starts("Waiting for a machine", ""),
        unscheduled("granted long ago").started(Some(3000))
            .event_at(1300, 1300, "TriggeredScaleUp", "pod triggered scale-up: [{aks-steady-12345678-vmss 0->1 (max: 4)}]")
            .fails("more than 20 minutes", "tell an admin"),
    ]
}
