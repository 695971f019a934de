//! What goes wrong on a machine, in the runtime's own words, and the sentence that people get.

use std::{fs, path::PathBuf};

use serde_json::json;

use super::{kubectl, machine, real, runs, said, shell, started, stopped};
use crate::world::{Installation, Token, control, eventually, facts, mend_machines, with_profiles};

/// Waits until the status is of this phase and says one of these words.
async fn says(dcaas: &Installation, token: &Token, phase: &str, words: &[&str]) -> String {
    eventually(&format!("{phase}: {words:?}"), || async {
        let status = dcaas.status(token).await;
        let says = status["says"].as_str()?.to_owned();
        let found = status["phase"] == phase && words.iter().any(|word| says.contains(word));
        found.then(|| format!("{says} {}", status["next"].as_str().unwrap_or_default()))
    })
    .await
}

#[tokio::test]
async fn an_image_that_is_not_there_is_told_in_a_sentence_and_another_one_takes_its_place() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let wish = json!({ "profile": "steady", "image": "dcaas.example/none:1" });
    assert_eq!(dcaas.start(&token, wish).await.status, 202);
    // what keeps a name from being found depends on where these tests run
    let words = ["There is no registry", "does not answer", "can not be pulled"];
    let told = says(&dcaas, &token, "failed", &words).await;
    assert!(told.contains("'dcaas.example/none:1'"), "{told}");
    started(&dcaas, &token, Some("dcaas.example/bare:dev")).await;
    stopped(&dcaas, &token).await;
}

#[tokio::test]
async fn a_platform_whose_program_is_missing_is_told_in_a_sentence() {
    if !real() {
        return;
    }
    let settings = json!({ "settings": { "PLATFORM_IMAGE": "dcaas.example/bare:dev" } });
    Installation::own(settings, |dcaas| async move {
        let ben = dcaas.member().await;
        let token = ben.token().await;
        assert_eq!(dcaas.start_steady(&token).await.status, 202);
        let told = says(&dcaas, &token, "failed", &["is not in its image"]).await;
        assert!(told.contains("Tell an admin"), "{told}");
        stopped(&dcaas, &token).await;
    })
    .await;
}

#[tokio::test]
async fn what_happens_to_a_workspace_that_runs_is_told_and_got_over() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let cy = dcaas.member().await;
    let token = cy.token().await;
    let session = started(&dcaas, &token, None).await["session"].clone();
    let node = machine(&cy).await;

    // an upgrade waits, work does not
    let drain = ["drain", &node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=3s"];
    let drained = kubectl(&drain);
    assert!(!drained.status.success() && said(&drained).contains("disruption budget"), "{}", said(&drained));
    assert!(kubectl(&["uncordon", &node]).status.success());

    // a kubelet that is killed comes back, and finds what it left
    let kubelet =
        eventually("a kubelet", || async { process(&format!("kubelet\0{}\0", folder(&node))) }).await;
    nix::sys::signal::kill(kubelet, nix::sys::signal::Signal::SIGKILL).unwrap();
    eventually("another kubelet", || async {
        process(&format!("kubelet\0{}\0", folder(&node))).filter(|other| *other != kubelet)
    })
    .await;
    eventually("it answers", || async { shell(&cy, "true").status.success().then_some(()) }).await;
    assert_eq!(dcaas.until(&token, "running").await["session"], session);

    // a script before the end that takes too long is cut off within the grace
    eventually("it answers again", || async { shell(&cy, "true").status.success().then_some(()) }).await;
    runs(
        &cy,
        "mkdir -p ~/.dcaas && printf '#!/bin/sh\\necho begun > ~/begun\\nsleep 1000\\necho ended > ~/ended\\n' > ~/.dcaas/on-stop",
    );
    runs(&cy, "chmod 755 ~/.dcaas/on-stop");
    stopped(&dcaas, &token).await;
    started(&dcaas, &token, None).await;
    assert_eq!(runs(&cy, "rm ~/.dcaas/on-stop; cat ~/begun; ls ~/ended 2>/dev/null || true"), "begun");
    stopped(&dcaas, &token).await;
}

#[tokio::test]
async fn a_workspace_that_uses_more_memory_than_its_profile_has_says_so_and_runs_again() {
    if !real() {
        return;
    }
    Installation::own(with_profiles(&["smallmemory"]), |dcaas| async move {
        let ben = dcaas.member().await;
        let token = ben.token().await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        let session = dcaas.until(&token, "running").await["session"].clone();
        // the kernel takes whom it is told to take first: here the agent, and with it the container
        runs(&ben, "sudo sh -c 'echo 1000 > /proc/1/oom_score_adj'");
        // half as much again as the profile has, by processes of which none weighs as much as the agent now does
        let hogs =
            "for n in 1 2 3 4; do head -c 400M /dev/zero | tail -c 400M > /dev/null & done; wait; sleep 30";
        assert!(!shell(&ben, hogs).status.success());
        let told =
            says(&dcaas, &token, "running", &["used more memory than profile 'smallmemory' has"]).await;
        assert!(told.contains("larger profile"), "{told}");
        assert_eq!(dcaas.until(&token, "running").await["session"], session, "the same session goes on");
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

#[tokio::test]
async fn a_machine_whose_gpus_take_their_time_is_waited_for_and_no_other_comes() {
    if !real() {
        return;
    }
    Installation::own(with_profiles(&["lategpus"]), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        let late = json!({ "pool": "lategpus", "kind": "gpu-late", "delay_ms": 15_000 });
        control("POST", "/machines/faults", late).await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        says(&dcaas, &token, "starting", &["A machine of your size is on its way"]).await;
        dcaas.until(&token, "running").await;
        assert!(machine(&ada).await.ends_with("vmss000000"), "the first machine, and no other");
        stopped(&dcaas, &token).await;
        mend_machines("lategpus").await;
    })
    .await;
}

/// A machine's folder.
fn folder(node: &str) -> String {
    let machines = PathBuf::from(facts()["folder"].as_str().unwrap()).join("machines");
    machines.join(node).to_string_lossy().into_owned()
}

/// The process whose command line ends in these words.
fn process(words: &str) -> Option<nix::unistd::Pid> {
    let pids =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut found = pids.filter(|pid: &i32| {
        fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).ends_with(words))
    });
    found.next().map(nix::unistd::Pid::from_raw)
}
