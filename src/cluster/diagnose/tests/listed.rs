//! Rows: where people stand by lists alone, as an admin reads it.

use serde_json::json;

use super::{
    all,
    case::{ago, case, now, stamp},
    make::{ended, installed, placed, running, unscheduled},
};
use crate::{
    cluster::{Residence, diagnose::listed},
    domain::{
        membership::Left,
        situation::Phase::{self, Absent, Failed, Running, SignIn, Starting, Stopped, Stopping},
    },
};

#[test]
fn what_lists_tell_is_told_and_nothing_more() {
    let old = json!({ "phase": "Running" });
    let crashed = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } });
    let rows: Vec<(_, Phase, &str)> = vec![
        (
            case("never started").off(None, "never started"),
            Stopped,
            "Their workspace is ready and was never started.",
        ),
        (
            case("off").off(Some(600), "you asked for it"),
            Stopped,
            "Their workspace is off: they asked for it. Home and data are kept.",
        ),
        (
            case("ends").off(Some(3), "you asked for it").pod("new", old.clone()),
            Stopping,
            "Their workspace ends: they asked for it.",
        ),
        (
            case("does not end").off(Some(700), "").pod("new", old.clone()).deleted(370),
            Stopping,
            "its machine does not let it go",
        ),
        (case("signs in").started(None), SignIn, "Their start waits until they have signed in."),
        (case("no pod yet"), Starting, "Their workspace is being made."),
        (case("the last run's pod").pod("old", old), Starting, "Waiting for their last run to end."),
        (unscheduled("no machine"), Starting, "Waiting for a machine for profile 'steady'."),
        (placed("a machine"), Starting, "The machine is there and prepares"),
        (installed("the platform is installed"), Starting, "The machine is there and prepares"),
        (
            placed("no image").waits("workspace", "ErrImagePull", "manifest unknown"),
            Failed,
            "There is no image",
        ),
        (
            installed("crashes").container("workspace", crashed, ended("Error", 3, 20)),
            Failed,
            "Their workspace ended: its first process ended with code 3.",
        ),
        (running("has just begun", 1), Running, "Their workspace runs; whether its tunnel is connected"),
        (running("runs", 9000), Running, "Their workspace runs; whether its tunnel is connected"),
        (
            running("its machine is lost", 9000).ready("Unknown", 300),
            Failed,
            "The machine under their workspace is lost",
        ),
    ];
    for (case, phase, says) in rows {
        let told = listed(&case.residence(), None, now());
        assert_eq!(told.phase, phase, "{}: {told:#?}", case.name);
        assert!(told.says.contains(says), "{}: {told:#?}", case.name);
        assert!(phase != Failed || told.next.is_some(), "{}: {told:#?}", case.name);
    }
}

#[test]
fn a_wait_for_a_machine_is_no_failure_where_nobody_was_asked_why_none_comes() {
    let waits =
        unscheduled("waits for long").condition(super::make::condition("PodScheduled", "False", "", 9000));
    assert_eq!(waits.situation().phase, Failed);
    let told = listed(&waits.residence(), None, now());
    assert_eq!((told.phase, told.since), (Starting, Some(ago(9000))));
}

#[test]
fn who_has_no_workspace_left_or_is_not_provisioned_whole() {
    let nothing = || Residence { workspace: None, ..case("").residence() };
    let left = || Residence { left: Some(Left { at: ago(60), confirmed: false }), ..nothing() };
    let day = |days: i64| Some(ago(-86_400 * days));
    let rows = [
        (nothing(), None, "There is no workspace yet"),
        (left(), day(1), "They left the group. Their home disk is kept until 2027-01-16T08:00:00Z."),
        (left(), day(-1), "the time of their home disk is over"),
        (Residence { ending: true, ..left() }, day(-1), "What was kept of them is being deleted."),
    ];
    for (residence, kept_until, says) in rows {
        let told = listed(&residence, kept_until, now());
        assert_eq!(told.phase, Absent, "{says}: {told:#?}");
        assert!(told.says.contains(says), "{says}: {told:#?}");
        assert_eq!(told.since, residence.left.map(|left| left.at));
    }
    // leaving has begun, and its workspace is not gone yet
    let going = Residence { left: left().left, ..running("runs", 900).residence() };
    let told = listed(&going, day(1), now());
    assert!(told.phase == Running && told.says.ends_with("being taken away."), "{told:#?}");
    assert_eq!(stamp(-86_400), "2027-01-16T08:00:00Z");
}

#[test]
fn nothing_is_told_as_if_the_admin_were_the_member() {
    for case in all() {
        for told in [listed(&case.residence(), None, now()), case.situation().of_another()] {
            let words = format!("{} {}", told.says, told.next.unwrap_or_default()).to_lowercase();
            let found = words.split(|c: char| !c.is_alphabetic()).find(|word| ["you", "your"].contains(word));
            assert_eq!(found, None, "{}: {words}", case.name);
            assert!(!words.contains("told they") && !words.contains("to they"), "{}: {words}", case.name);
        }
    }
}
