//! What goes wrong on a machine, in the runtime's own words, and the sentence that people get.

use nix::sys::signal::{Signal, kill};
use serde_json::json;

use super::{kubectl, kubelet, machine, real, runs, said, says, shell, started, stopped};
use crate::world::{Installation, break_machines, eventually, get, mend_machines, with_profiles};

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
    let first = eventually("a kubelet", || async { kubelet(&node) }).await;
    kill(first, Signal::SIGKILL).unwrap();
    eventually("another kubelet", || async { kubelet(&node).filter(|other| *other != first) }).await;
    eventually("it answers", || async { shell(&cy, "true").status.success().then_some(()) }).await;
    assert_eq!(dcaas.until(&token, "running").await["session"], session);
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
async fn a_platform_that_does_not_install_is_told_in_its_own_words() {
    if !real() {
        return;
    }
    for (image, sentence) in [
        ("no-platform", "could not be installed (code 127): dcaas: applet not found"),
        ("other-machine", "made for another kind of machine"),
    ] {
        let settings = json!({ "settings": { "PLATFORM_IMAGE": format!("dcaas.example/{image}:dev") } });
        Installation::own(settings, |dcaas| async move {
            let ada = dcaas.member().await;
            let token = ada.token().await;
            assert_eq!(dcaas.start_steady(&token).await.status, 202);
            let told = says(&dcaas, &token, "failed", &[sentence]).await;
            assert!(told.contains("tell an admin"), "{told}");
            stopped(&dcaas, &token).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_kubelet_that_is_killed_in_the_middle_of_a_start_or_for_minutes_loses_nothing() {
    if !real() {
        return;
    }
    Installation::own(with_profiles(&["downkubelet"]), |dcaas| async move {
        let ben = dcaas.member().await;
        let token = ben.token().await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        let node = eventually("the pod is on a machine", || async {
            let pods = ben.pods().await;
            Some(pods.first()?["spec"]["nodeName"].as_str()?.to_owned())
        })
        .await;
        let first = eventually("a kubelet", || async { kubelet(&node) }).await;
        kill(first, Signal::SIGKILL).unwrap();
        let session = dcaas.until(&token, "running").await["session"].clone();

        break_machines("downkubelet", "kubelet-down").await;
        let second = eventually("another kubelet", || async { kubelet(&node) }).await;
        kill(second, Signal::SIGKILL).unwrap();
        // what runs on the machine does not need one; the cluster's patience is 40 to 50 s
        let lost = eventually("the machine is silent", || async {
            let status = dcaas.status(&token).await;
            status["says"].as_str()?.contains("does not answer any more").then_some(status)
        });
        assert_eq!(lost.await["phase"], "failed");
        assert!(kubelet(&node).is_none());
        mend_machines("downkubelet").await;
        let back = dcaas.until(&token, "running").await;
        assert_eq!(back["session"], session);
        let pod = get(&ben.path("pods/workspace-0")).await.unwrap();
        assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0, "its work went on");
        stopped(&dcaas, &token).await;
    })
    .await;
}
