//! The table of events about a pod without a machine: what each means and what to do next.

use crate::cluster::diagnose::event::{Meaning, failed, nothing, passing};

/// What to do about a disk in the wrong zone.
pub const OTHER_ZONE_NEXT: &str = "Start with a profile of that zone, or ask an admin to move the disk.";
/// What to do about most of what a machine can not do yet.
pub const TRIED_AGAIN: &str =
    "It is tried again. If it goes on for 10 minutes, stop, start again, and tell an admin.";
const WAIT_OR_OTHER: &str = "It starts by itself when a machine is free. Or start with another profile.";
const OTHER_ZONE: &str = "Your home disk is in another zone than every machine of this size.";
const UNFIT_NEXT: &str = "Start with another profile, and tell an admin what you see here.";
const MISSING: &str = "A volume of your workspace is missing.";
const MISSING_NEXT: &str = "Tell an admin: your things have to be provisioned again.";
const UNBOUND: &str = "A volume of your workspace is not ready yet.";
const UNBOUND_NEXT: &str = "If it goes on for 5 minutes, tell an admin.";

/// What the cluster autoscaler says about a pod without a machine, and the provisioner about its disk. A pool
/// that is full, resting or not ready says so about every pod, whether or not it would fit; what has to do with
/// this pod is told only by a pool of its profile. So a zone comes before the full pool, and what all the other
/// pools always say comes last.
pub const PLACING: &[Meaning] = &[
    refused("volume node affinity conflict", OTHER_ZONE, OTHER_ZONE_NEXT), // Kubernetes 1.35 and before
    refused("didn't match PersistentVolume's node affinity", OTHER_ZONE, OTHER_ZONE_NEXT), // 1.36
    refused("had no available volume zone", OTHER_ZONE, OTHER_ZONE_NEXT),
    refused(
        "max node group size reached",
        "All machines of this size are in use: the pool is at its maximum.",
        WAIT_OR_OTHER,
    ),
    refused(
        "max total nodes in cluster reached",
        "The cluster has as many machines as it may have.",
        WAIT_OR_OTHER,
    ),
    refused("max cluster ", "The cluster has as many cores, memory or GPUs as it may have.", WAIT_OR_OTHER),
    refused(
        "in backoff after failed scale-up",
        "The cloud gives no machine of this size just now: its quota or its stock is used up.",
        "It is tried again within 30 minutes at most. Or start with another profile.",
    ),
    refused(
        "not ready for scale-up",
        "The machines of this size are in trouble, so that no new one is brought just now.",
        "It starts by itself when they are well. Or start with another profile, and tell an admin.",
    ),
    refused("persistentvolumeclaim \"", MISSING, MISSING_NEXT),
    passing("NotTriggerScaleUp", "unbound immediate", UNBOUND, "seconds").with_next(UNBOUND_NEXT),
    refused("Insufficient", "No machine is large enough for this profile.", UNFIT_NEXT),
    refused("didn't match Pod's node affinity", "No machines belong to this profile.", UNFIT_NEXT),
    refused("untolerated taint", "No machines accept this profile.", UNFIT_NEXT),
    refused("", "No machine can be brought for this profile just now.", WAIT_OR_OTHER),
    passing("TriggeredScaleUp", "", "A machine of your size is on its way.", "3 to 10 minutes"),
    passing("Provisioning", "", "Your home disk is being made.", "half a minute"),
    passing("ExternalProvisioning", "", "Your home disk is being made.", "half a minute"),
    failed("ProvisioningFailed", "", "Your home disk can not be made.", TRIED_AGAIN).patient(60),
    nothing("ProvisioningSucceeded"),
];

/// What the scheduler says. It knows only the machines that are there, and says it again and again while one is
/// on its way: it counts only where nobody else said anything.
pub const SCHEDULING: &[Meaning] = &[
    failed("FailedScheduling", "volume node affinity conflict", OTHER_ZONE, OTHER_ZONE_NEXT).patient(60),
    failed("FailedScheduling", "didn't match PersistentVolume's node affinity", OTHER_ZONE, OTHER_ZONE_NEXT)
        .patient(60),
    failed("FailedScheduling", "persistentvolumeclaim \"", MISSING, MISSING_NEXT),
    passing("FailedScheduling", "unbound immediate", UNBOUND, "seconds").with_next(UNBOUND_NEXT),
    passing("FailedScheduling", "binding volumes", "Your home disk is not made yet.", "half a minute")
        .with_next(UNBOUND_NEXT),
    nothing("FailedScheduling"),
];

const fn refused(contains: &'static str, says: &'static str, next: &'static str) -> Meaning {
    failed("NotTriggerScaleUp", contains, says, next)
}
