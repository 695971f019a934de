//! Ends that do not go by themselves: nothing hangs, nothing is lost, and each has its sentence.

use nix::sys::signal::{Signal, kill};
use serde_json::json;

use super::{processes::that_run, real, runs, says, started, stopped};
use crate::world::Installation;

#[tokio::test]
async fn a_script_before_the_end_that_takes_too_long_is_cut_off_within_the_grace() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    started(&dcaas, &token, None).await;
    let script = "#!/bin/sh\\necho begun > ~/begun\\nsleep 1000\\necho ended > ~/ended\\n";
    runs(
        &ada,
        &format!("mkdir -p ~/.dcaas && printf '{script}' > ~/.dcaas/on-stop && chmod 755 ~/.dcaas/on-stop"),
    );
    dcaas.stop(&token).await;
    says(&dcaas, &token, "stopping", &["Your workspace ends"]).await;
    dcaas.until(&token, "stopped").await;
    started(&dcaas, &token, None).await;
    assert_eq!(runs(&ada, "rm ~/.dcaas/on-stop; cat ~/begun; ls ~/ended 2>/dev/null || true"), "begun");
    stopped(&dcaas, &token).await;
}

#[tokio::test]
async fn a_pod_that_does_not_end_in_its_grace_period_is_ended_and_its_home_is_kept() {
    if !real() {
        return;
    }
    // long enough to be seen, and as in production not for ever
    Installation::own(json!({ "settings": { "GRACE": "15s" } }), |dcaas| async move {
        let ben = dcaas.member().await;
        let token = ben.token().await;
        let running = started(&dcaas, &token, None).await;
        let deaf = "trap '' TERM; echo deaf > ~/deaf; while :; do sleep 1; done";
        runs(
            &ben,
            &format!("(setsid sh -c \"{deaf}\" > /dev/null 2>&1 &) ; until cat ~/deaf; do sleep 0.1; done"),
        );
        // the agent hears nothing any more, and ends nobody
        let session = running["session"].as_str().unwrap();
        let agent = that_run(&["--session", session]);
        assert_eq!(agent.len(), 1, "{session}");
        kill(agent[0], Signal::SIGSTOP).unwrap();
        dcaas.stop(&token).await;
        says(&dcaas, &token, "stopping", &["Your workspace ends"]).await;
        dcaas.until(&token, "stopped").await;
        assert!(ben.pods().await.is_empty());
        started(&dcaas, &token, None).await;
        assert_eq!(runs(&ben, "cat ~/deaf; pgrep -c sleep || true"), "deaf\n0");
        stopped(&dcaas, &token).await;
    })
    .await;
}

#[tokio::test]
async fn two_starts_and_a_stop_within_a_second_leave_nothing_behind() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let dora = dcaas.member().await;
    let token = dora.token().await;
    dcaas.start_steady(&token).await;
    dcaas.start_steady(&token).await;
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    assert!(dora.pods().await.is_empty());
    started(&dcaas, &token, None).await;
    stopped(&dcaas, &token).await;
}
