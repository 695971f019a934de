//! The table of events about a pod on its machine: what each means and what to do next.

use crate::cluster::diagnose::{
    event::{Meaning, failed, nothing, passing},
    placing::{OTHER_ZONE_NEXT, TRIED_AGAIN},
};

const ELSEWHERE: &str = "Your home disk is still attached to another machine.";
const ELSEWHERE_NEXT: &str =
    "It is let go when that machine is gone, mostly within 10 minutes; then the start goes on by itself.";
const WRONG_ZONE: &str = "Your home disk is in another zone than the machine.";
const HOME: &str = "Your home disk can not be mounted on the machine.";
const DATA: &str = "Your data can not be mounted on the machine.";

/// What the kubelet and the attacher say about a pod on its machine, in the order of a start.
pub const PREPARING: &[Meaning] = &[
    nothing("Scheduled"),
    failed("FailedAttachVolume", "Multi-Attach error", ELSEWHERE, ELSEWHERE_NEXT).patient(30),
    failed("FailedAttachVolume", "already attached to", ELSEWHERE, ELSEWHERE_NEXT).patient(30),
    failed("FailedAttachVolume", "not in the same zone", WRONG_ZONE, OTHER_ZONE_NEXT),
    failed("FailedAttachVolume", "not in zone", WRONG_ZONE, OTHER_ZONE_NEXT),
    failed("FailedAttachVolume", "", "Your home disk can not be attached to the machine.", TRIED_AGAIN)
        .patient(30),
    nothing("SuccessfulAttachVolume"),
    failed("FailedMount", "NodeAffinity check failed", WRONG_ZONE, OTHER_ZONE_NEXT),
    failed(
        "FailedMount",
        "not found in the list of registered CSI drivers",
        "The machine is new and can not mount disks yet.",
        TRIED_AGAIN,
    )
    .patient(180),
    failed(
        "FailedMount",
        "failed to authenticate credentials",
        "The machine may not read your data.",
        "It is tried again. Tell an admin: the machines' identity needs access to the members' storage.",
    )
    .patient(30),
    failed("FailedMount", "volume \"pvc-", HOME, TRIED_AGAIN).patient(30),
    failed("FailedMount", "unmounted volumes=[home", HOME, TRIED_AGAIN).patient(30),
    failed("FailedMount", "volume \"dc-", DATA, TRIED_AGAIN).patient(30),
    failed("FailedMount", "unmounted volumes=[data", DATA, TRIED_AGAIN).patient(30),
    failed("FailedMount", "", "A volume can not be mounted on the machine.", TRIED_AGAIN).patient(30),
    passing(
        "VolumePermissionChangeInProgress",
        "",
        "Your home's files are given to you, one by one.",
        "minutes, where there are very many",
    ),
    failed("NetworkNotReady", "", "The machine is new and has no network yet.", TRIED_AGAIN).patient(60),
    failed("FailedCreatePodSandBox", "", "The machine can not make room for your workspace.", TRIED_AGAIN)
        .patient(60),
    passing("Pulling", "", "The image is being pulled.", "1 to 5 minutes for a large one"),
    nothing("Pulled"),
    nothing("Created"),
    nothing("Started"),
];
