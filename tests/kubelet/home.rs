//! A home disk that is full.

use serde_json::json;

use super::{real, runs, said, says, shell, started, stopped};
use crate::world::{Installation, eventually};

#[tokio::test]
async fn a_home_that_is_full_is_told_and_the_workspace_goes_on_and_starts_again() {
    if !real() {
        return;
    }
    Installation::own(json!({ "settings": { "HOME_SIZE": "64Mi" } }), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        started(&dcaas, &token, None).await;
        assert_eq!(runs(&ada, "stat -f -c %T ~"), "ext2/ext3", "a disk of its own");
        runs(&ada, "echo kept > ~/note");
        let filled = shell(&ada, "head -c 100M /dev/zero > ~/large");
        assert!(said(&filled).contains("No space left on device"), "{}", said(&filled));
        let told = says(&dcaas, &token, "running", &["home disk is full"]).await;
        assert!(told.contains("can be reached") && told.contains("du -xh ~"), "{told}");
        eventually("the log says so", || async {
            let logs = dcaas.get(&token, "/api/logs?tail=200").await.text;
            logs.contains("dcaas: the home disk is full").then_some(())
        })
        .await;
        eventually("it is told inside", || async {
            runs(&ada, "/opt/dcaas/bin/dcaas why").contains("home disk  full").then_some(())
        })
        .await;

        // nothing of ours needs room there
        stopped(&dcaas, &token).await;
        started(&dcaas, &token, None).await;
        says(&dcaas, &token, "running", &["home disk is full"]).await;
        runs(&ada, "rm ~/large");
        eventually("there is room again", || async {
            let status = dcaas.status(&token).await;
            (status["phase"] == "running" && !status["says"].as_str()?.contains("full")).then_some(())
        })
        .await;
        assert_eq!(runs(&ada, "cat ~/note; echo more > ~/more"), "kept");
        stopped(&dcaas, &token).await;
    })
    .await;
}
