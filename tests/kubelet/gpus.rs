//! GPUs that take their time, and a machine that comes back without its cards.

use nix::sys::signal::{Signal, kill};
use serde_json::json;

use super::{
    folder, machine,
    processes::{family, that_run},
    real, says, stopped,
};
use crate::world::{Installation, break_machines, control, get, mend_machines, with_profiles};

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
        let told = says(&dcaas, &token, "starting", &["is there; its GPU is not ready yet"]).await;
        assert!(told.contains("tell an admin"), "{told}");
        let pool = "/api/v1/nodes?labelSelector=kubernetes.azure.com/agentpool=lategpus";
        let nodes = get(pool).await.unwrap()["items"].clone();
        dcaas.until(&token, "running").await;
        assert_eq!(machine(&ada).await, nodes[0]["metadata"]["name"], "the first machine, and no other");
        stopped(&dcaas, &token).await;
        mend_machines("lategpus").await;
    })
    .await;
}

#[tokio::test]
async fn a_machine_that_loses_its_gpus_and_comes_back_without_them_says_so_and_the_start_goes_on() {
    if !real() {
        return;
    }
    Installation::own(with_profiles(&["gonegpus"]), |dcaas| async move {
        let ben = dcaas.member().await;
        let token = ben.token().await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        let session = dcaas.until(&token, "running").await["session"].clone();
        let node = machine(&ben).await;

        break_machines("gonegpus", "gpu-gone").await;
        let told = says(&dcaas, &token, "running", &["A GPU of its machine is gone"]).await;
        assert!(told.contains("stop and start again"), "{told}");

        power_cycle(&node);
        let told = says(&dcaas, &token, "starting", &["had no GPU that works", "its GPU is not ready"]).await;
        assert!(!told.contains("is lost"), "{told}");
        mend_machines("gonegpus").await;
        assert_eq!(dcaas.until(&token, "running").await["session"], session, "the same session goes on");
        stopped(&dcaas, &token).await;
    })
    .await;
}

/// Ends everything on a machine but what starts it again: containers, their keepers, containerd and kubelet.
fn power_cycle(node: &str) {
    let inside = that_run(&["machine-inside", &folder(node)]);
    assert_eq!(inside.len(), 1, "{node}");
    for one in family(inside[0]).into_iter().filter(|one| one.pid() != inside[0]) {
        // it may have gone with another one
        let _ = kill(one.pid(), Signal::SIGKILL);
    }
}
