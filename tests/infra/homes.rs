//! `infra/restore-home`: a member works on another disk, and the one before is kept.

use serde_json::json;

use super::manifests::script;
use super::{has, terraform::said};
use crate::world::{Installation, Person, eventually, get};

const DISK: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-nodes/providers/\
                    Microsoft.Compute/disks/home-of-yesterday";

fn restore(name: &str, person: &Person, disk: &str) -> (bool, String) {
    let output = script("restore-home", name).args([&person.oid, disk]).output().unwrap();
    (output.status.success(), said(&output))
}

#[tokio::test]
async fn a_member_gets_a_disk_back_and_no_disk_is_lost() {
    if !has("jq") {
        return;
    }
    Installation::own(json!({}), |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        dcaas.start_steady(&token).await;
        let claim = person.path("persistentvolumeclaims/home");
        let bound = || async {
            let claim = get(&claim).await?;
            (claim["status"]["phase"] == "Bound")
                .then(|| claim["spec"]["volumeName"].as_str().unwrap().to_owned())
        };
        let old = eventually("the home is made", bound).await;
        let (good, said) = restore("home-on", &person, DISK);
        assert!(!good && said.contains("The workspace is on: stop it first"), "{said}");

        dcaas.stop(&token).await;
        dcaas.until(&token, "stopped").await;
        let (good, said) = restore("home-off", &person, DISK);
        assert!(good && said.contains(&format!("The old disk is kept as volume {old}")), "{said}");
        let new = eventually("the claim has the new disk", bound).await;
        let volume = |name: &str| format!("/api/v1/persistentvolumes/{name}");
        assert_eq!(get(&volume(&new)).await.unwrap()["spec"]["csi"]["volumeHandle"], DISK);
        let kept = eventually("the old volume is let go of", || async {
            let kept = get(&volume(&old)).await.expect("the old disk is gone");
            (kept["status"]["phase"] == "Released").then_some(kept)
        })
        .await;
        assert_eq!(kept["spec"]["persistentVolumeReclaimPolicy"], "Retain");
        let labels = &get(&claim).await.unwrap()["metadata"]["labels"];
        assert_eq!(labels["dcaas.dev/member"], *person.oid, "{labels}");

        let (good, said) = restore("home-again", &person, DISK);
        assert!(good && said.contains("That disk is the home already"), "{said}");
        dcaas.start_steady(&token).await;
        dcaas.until(&token, "running").await;
        dcaas.stop(&token).await;
    })
    .await;
}

#[test]
fn what_is_no_member_and_no_disk_is_said() {
    let oid = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
    for (arguments, why) in [
        (&[][..], "'' is no object id"),
        (&["ada", DISK], "'ada' is no object id"),
        (&[oid, "home-of-yesterday"], "'home-of-yesterday' is no disk"),
    ] {
        let output = script("restore-home", "home-odd").args(arguments).output().unwrap();
        assert!(!output.status.success() && said(&output).contains(why), "{why}: {}", said(&output));
    }
}
