//! Rows: machines that are lost or refuse, pods that linger, and pods that are not made.

use serde_json::json;

use super::{case::{Case, case}, make::{condition, ended, placed, running, unscheduled}};
use crate::domain::{link::LinkState, situation::Phase};

fn disrupted(case: Case, by: &str) -> Case {
    case.condition(condition("DisruptionTarget", "True", by, 20))
}

pub fn rows() -> Vec<Case> {
    vec![
        // kubernetes pkg/controller/util/node/controller_utils.go, MarkPodsNotReady
        running("silent machine", 900).line(90, LinkState::Connected, 800, "").ready("False", 40).fails("does not answer any more", "within 15 minutes"),
        running("a blink", 900).line(20, LinkState::Connected, 800, "").ready("False", 3).expect(Phase::Running, "can be reached", ""),
        running("back again", 900).line(20, LinkState::Connected, 800, "").ready("True", 3).expect(Phase::Running, "can be reached", ""),
        // pkg/controller/tainteviction/taint_eviction.go and podgc/gc_controller.go
        disrupted(running("taken off a silent machine", 900), "DeletionByTaintManager").deleted(0).fails("does not answer", "an admin can delete"),
        disrupted(placed("machine gone while preparing"), "DeletionByPodGC").fails("is lost", "Home and data are kept"),
        running("old word for lost", 900).pod_failed("NodeLost", "Node aks-steady-12345678-vmss000000 which was running pod workspace-0 is unresponsive").fails("is lost", "kept"),
        // pkg/kubelet/nodeshutdown/nodeshutdown_manager.go: how a spot machine or an update may end
        disrupted(running("shut down", 900).pod_failed("Terminated", "Pod was terminated in response to imminent node shutdown."), "TerminationByKubelet")
            .fails("being shut down", "new machine is brought"),
        placed("shutting down already").pod_failed("NodeShutdown", "Pod was rejected: Pod was rejected as the node is shutting down.").fails("being shut down", "new machine"),
        // pkg/registry/core/pod/storage/eviction.go
        disrupted(running("drained", 900), "EvictionByEvictionAPI").deleted(-30).starts("taken out of use", "another machine"),
        // pkg/scheduler/framework/preemption/executor.go
        disrupted(running("given away", 900), "PreemptionByScheduler").deleted(-30).starts("more important", "priorities"),
        disrupted(running("given away by the machine itself", 900).pod_failed("Preempting", "Preempted in order to admit critical pod"), "TerminationByKubelet").starts("more important", "priorities"),
        // pkg/kubelet/eviction/helpers.go
        disrupted(running("disk full", 900).pod_failed("Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 7Gi, available: 6Gi. Container workspace was using 90Gi, request is 0, has larger consumption of ephemeral-storage. "), "TerminationByKubelet")
            .fails("own disk is full", "Free space"),
        running("memory short", 900).pod_failed("Evicted", "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. ").fails("short of memory", "larger profile"),
        running("too many processes", 900).pod_failed("Evicted", "The node was low on resource: pids. Threshold quantity: 400, available: 300. ").fails("too many processes", "starts again"),
        running("run folder full", 900).pod_failed("Evicted", "Usage of EmptyDir volume \"run\" exceeds the limit \"64Mi\". ").fails("folder in memory", "starts again"),
        // pkg/kubelet/cm/devicemanager/manager.go and lifecycle/predicate.go; NVIDIA/k8s-device-plugin #1223
        placed("GPU not ready").pod_failed("UnexpectedAdmissionError", "Pod was rejected: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected").starts("GPU is not ready", "10 minutes"),
        placed("GPU lost").pod_failed("UnexpectedAdmissionError", "Pod was rejected: Allocate failed due to device plugin GetPreferredAllocation rpc failed with err: rpc error: code = Unknown desc = error calling nvml.Init, which is unexpected").starts("GPU is not ready", "not well"),
        placed("GPU not counted").pod_failed("OutOfnvidia.com/gpu", "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 1, used: 0, capacity: 0").starts("GPU is not ready", "10 minutes"),
        placed("no room").pod_failed("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 3000, capacity: 3860").starts("no room left", "tell an admin"),
        placed("not taken").pod_failed("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector").starts("did not take", "tell an admin"),
        running("deleted by hand", 900).line(20, LinkState::Connected, 800, "").deleted(-30).starts("ended from outside", "ask an admin"),
        running("deleted by hand, and stays", 900).deleted(400).fails("does not let it go", "Tell an admin"),
        // the next pod tells what ended the one before
        unscheduled("after a lost machine").event_at(80, 80, "TaintManagerEviction", "Marking for deletion Pod dc-1/workspace-0").of("uid", json!(null)).starts("The last machine was lost.", ""),
        unscheduled("after a silent machine").event_at(80, 80, "NodeNotReady", "Node is not ready").of("uid", json!("older")).starts("The last machine was lost.", ""),
        placed("after a full disk").event_at(80, 80, "Evicted", "The node was low on resource: ephemeral-storage. ").of("uid", json!("older")).starts("ran out of disk or memory", ""),
        unscheduled("after a refusal").event_at(80, 80, "UnexpectedAdmissionError", "Allocate failed").of("uid", json!("older")).starts("was not ready", ""),
        unscheduled("after one without GPUs").event_at(80, 80, "UnexpectedAdmissionError", "Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected").of("uid", json!("older")).starts("had no GPU that works", ""),
        unscheduled("after one without room").event_at(80, 80, "OutOfcpu", "Node didn't have enough resource").of("uid", json!("older")).starts("had no room left", ""),
        unscheduled("after giving way").event_at(80, 80, "Preempted", "Preempted by pod 1 on node aks-steady-12345678-vmss000000").of("uid", json!("older")).starts("give its machine away", ""),
    ]
}

/// kubernetes pkg/controller/statefulset/stateful_pod_control.go, recordPodEvent.
fn not_made(name: &'static str, why: &str) -> Case {
    refused_at(name, 20, why)
}

fn refused_at(name: &'static str, at: i64, why: &str) -> Case {
    let words = format!("create Pod workspace-0 in StatefulSet workspace failed error: {why}");
    case(name).event_at(at, at, "FailedCreate", &words).of("kind", json!("StatefulSet")).of("uid", json!("s"))
}

pub fn refusals() -> Vec<Case> {
    vec![
        case("no pod yet").starts("is being made", ""),
        case("no pod for long").started(Some(400)).starts("is being made", "tell an admin"),
        // apiserver pkg/admission/plugin/resourcequota/controller.go
        not_made("quota", "pods \"workspace-0\" is forbidden: exceeded quota: workspace, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=0, limited: requests.nvidia.com/gpu=1").fails("quota does not allow", "another profile"),
        not_made("the last run still counts", "pods \"workspace-0\" is forbidden: exceeded quota: workspace, requested: limits.cpu=4,pods=1,requests.cpu=4, used: limits.cpu=4,pods=1,requests.cpu=4, limited: limits.cpu=4,pods=1,requests.cpu=4").starts("last run to end", "tried again"),
        // pod-security-admission admission/admission.go
        not_made("pod security", "pods \"workspace-0\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"workspace\" must not set securityContext.privileged=true)").fails("security rules", "tell an admin"),
        // Azure/kubeflow-aks #39
        not_made("image not allowed", "admission webhook \"validation.gatekeeper.sh\" denied the request: [azurepolicy-k8sazurev2containerallowedimag-5ee1d79beab0bf8e481a] Container image docker.io/evil:1 for container workspace has not been allowed.").fails("do not allow this image", "ask an admin"),
        not_made("a rule of Azure", "admission webhook \"validation.gatekeeper.sh\" denied the request: [azurepolicy-x] Privileged container is not allowed: workspace.").fails("refuses this workspace: [azurepolicy-x] Privileged container is not allowed: workspace.", "tell an admin"),
        // apiserver pkg/admission/plugin/policy/validating/dispatcher.go
        not_made("a rule of the cluster", "pods \"workspace-0\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no GPUs on Sundays").fails("no GPUs on Sundays", "tell an admin"),
        not_made("a webhook is away", "Internal error occurred: failed calling webhook \"validation.gatekeeper.sh\": failed to call webhook: Post \"https://gatekeeper-webhook-service.gatekeeper-system.svc:443/v1/admit?timeout=3s\": context deadline exceeded").starts("does not answer", "tried again"),
        // apiserver pkg/admission/plugin/namespace/lifecycle/admission.go
        not_made("leaving", "pods \"workspace-0\" is forbidden: unable to create new content in namespace dc-1 because it is being terminated").fails("being removed", "tell an admin"),
        not_made("new namespace", "pods \"workspace-0\" is forbidden: error looking up service account dc-1/default: serviceaccount \"default\" not found").starts("not fully set up", "tried again"),
        not_made("anything else", "Pod \"workspace-0\" is invalid: spec.containers[0].resources.requests: Invalid value: \"5\": must be less than or equal to cpu limit of 4").fails("refuses to make", "tell an admin"),
        refused_at("refused before this start", 200, "pods \"workspace-0\" is forbidden: exceeded quota: workspace, requested: requests.cpu=8, used: requests.cpu=0, limited: requests.cpu=4").starts("is being made", ""),
        refused_at("a clock that is a little behind", 123, "pods \"workspace-0\" is forbidden: exceeded quota: workspace, requested: requests.cpu=8, used: requests.cpu=0, limited: requests.cpu=4").fails("quota", "another profile"),
        not_made("refused, then made, and not seen yet", "pods \"workspace-0\" is forbidden: exceeded quota: workspace, requested: requests.cpu=8")
            .event("SuccessfulCreate", "create Pod workspace-0 in StatefulSet workspace successful").of("kind", json!("StatefulSet")).starts("is being made", ""),
        case("something else was refused").event("FailedCreate", "exceeded quota").of("kind", json!("Job")).starts("is being made", ""),
        case("the last run ends").pod("old", json!({ "phase": "Running" })).deleted(-20).starts("last run to end", ""),
        case("the last run stays").pod("old", json!({ "phase": "Running" })).deleted(400).fails("does not let go", "within 10 minutes"),
        case("the last run's machine is lost").pod("old", json!({ "phase": "Running", "conditions": [condition("Ready", "False", "", 300)] }))
            .container("workspace", json!({ "running": { "startedAt": "2026-11-01T00:00:00Z" } }), ended("Error", 1, 9000)).deleted(-20)
            .fails("does not answer any more", "15 minutes"),
    ]
}
