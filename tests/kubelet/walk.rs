//! The whole walk: joined, started, connected, stopped, started again on another machine, left.

use serde_json::json;

use super::{machine, real, runs, started, stopped};
use crate::world::{Editor, Installation, eventually, get};

#[tokio::test]
async fn a_home_is_as_it_was_on_the_next_machine() {
    if !real() {
        return;
    }
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;

    started(&dcaas, &token, None).await;
    let first = machine(&ada).await;
    let node = get(&format!("/api/v1/nodes/{first}")).await.unwrap();
    assert!(
        node["status"]["nodeInfo"]["containerRuntimeVersion"].as_str().unwrap().starts_with("containerd://")
    );
    assert_eq!(node["status"]["allocatable"]["nvidia.com/gpu"], "1");
    assert!(runs(&ada, "echo $NVIDIA_VISIBLE_DEVICES").starts_with("GPU-"));
    runs(&ada, "echo kept > ~/note && mkdir -m 700 ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/key");
    // a window of the editor reaches into the pod
    let editor = Editor::of(&dcaas.status(&token).await);
    editor.open().await;
    assert_eq!(editor.exec(&["/bin/sh", "-c", "echo $HOME"]).await.text.trim(), "/home/dev");
    editor.close().await;
    runs(&ada, "echo shared > /data/note && echo gone > /tmp/note");
    let listed = runs(&ada, "stat -c '%n %u %a' ~/note ~/.ssh ~/.ssh/key");
    assert!(listed.ends_with("/home/dev/.ssh/key 1000 600"), "{listed}");
    stopped(&dcaas, &token).await;
    assert!(ada.pods().await.is_empty());
    eventually("the machine is gone", || async {
        get(&format!("/api/v1/nodes/{first}")).await.is_none().then_some(())
    })
    .await;

    started(&dcaas, &token, None).await;
    assert_ne!(machine(&ada).await, first);
    assert_eq!(runs(&ada, "cat ~/note /data/note; ls /tmp"), "kept\nshared");
    assert_eq!(runs(&ada, "stat -c '%n %u %a' ~/note ~/.ssh ~/.ssh/key"), listed, "as it was");
    // ssh takes no key that others may read
    assert!(runs(&ada, "ssh-keygen -y -P '' -f ~/.ssh/key 2>&1").starts_with("ssh-ed25519 "));

    ada.leave().await;
    dcaas.enqueue(&ada).await;
    ada.gone().await;
    eventually("the pod is gone", || async { ada.pods().await.is_empty().then_some(()) }).await;
    let claim = get(&ada.path("persistentvolumeclaims/home")).await.unwrap();
    assert_eq!(claim["status"]["phase"], json!("Bound"), "the home is kept");
}
