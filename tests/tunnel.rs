//! The tunnel of a workspace that runs: what its agent does and says reaches the member.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use serde_json::{Value, json};

use crate::world::{Inside, Installation, Token, WORK, eventually, kubernetes};

/// Waits until the status says so.
pub async fn until_says(dcaas: &Installation, token: &Token, words: &str) -> Value {
    eventually(words, || async {
        let status = dcaas.status(token).await;
        status["says"].as_str().unwrap().contains(words).then_some(status)
    })
    .await
}

async fn until_logged(dcaas: &Installation, token: &Token, words: &str) {
    eventually(words, || async {
        dcaas.get(token, "/api/logs?tail=200").await.text.contains(words).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_is_lost_and_a_token_that_is_replaced_are_seen_in_the_running_workspace() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let (status, inside) = Inside::started(&dcaas, &token).await;

    inside.fault("lose-relay", true);
    until_says(&dcaas, &token, "offline: the relay is not reached").await;
    inside.fault("lose-relay", false);
    until_says(&dcaas, &token, "can be reached").await;

    let secret = ada.path("secrets/tunnel");
    let another = json!({ "stringData": { "access_token": format!("gho_another_{}", ada.name) } });
    kubernetes("PATCH", &secret, another).await.unwrap();
    until_logged(&dcaas, &token, "there is a new sign-in: the tunnel is started again with it").await;
    let again = until_says(&dcaas, &token, "can be reached").await;
    assert_eq!(again["session"], status["session"], "nothing but the tunnel was started again");
    assert!(!dcaas.get(&token, "/api/logs?tail=1000").await.text.contains("gho_"));
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn a_workspaces_scripts_run_after_its_start_and_before_its_end() {
    let dcaas = Installation::first().await;
    let ben = dcaas.member().await;
    let token = ben.token().await;
    let (_, inside) = Inside::started(&dcaas, &token).await;
    let id = fs::read_to_string(inside.data.join("code_tunnel.json")).unwrap();
    for (name, line) in [("on-start", "echo the tools are there again"), ("on-stop", "date > saved")] {
        let path = inside.home.join(".dcaas").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    let (_, inside) = Inside::started(&dcaas, &token).await;
    until_logged(&dcaas, &token, "the tools are there again").await;
    until_logged(&dcaas, &token, "~/.dcaas/on-start ended with exit status: 0").await;
    assert!(inside.home.join("saved").exists(), "what was saved before the end");
    assert_eq!(fs::read_to_string(inside.data.join("code_tunnel.json")).unwrap(), id, "another address");
    assert!(!inside.home.join(".dcaas/cli/token.json").exists());
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn a_person_sees_in_status_what_their_workspace_does_and_until_when_they_asked_to_be_kept() {
    let dcaas = Installation::first().await;
    let cy = dcaas.member().await;
    let token = cy.token().await;
    let (_, inside) = Inside::started(&dcaas, &token).await;
    let path = inside.home.join(".dcaas/on-start");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // as training in the background: nobody is connected, and the shell that began it is gone
    let busy = format!("(while :; do {WORK}; done) > /dev/null 2>&1 &\n").repeat(2);
    fs::write(&path, format!("#!/bin/sh\n{busy}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    dcaas.stop(&token).await;
    let stopped = dcaas.until(&token, "stopped").await;
    assert!(stopped.get("activity").is_none() && stopped.get("hold").is_none(), "{stopped}");
    let (_, inside) = Inside::started(&dcaas, &token).await;

    let signals = eventually("cpu seen", || async {
        let status = dcaas.status(&token).await;
        let signals = status["activity"].as_array()?.clone();
        signals.iter().any(|one| one["signal"] == "cpu" && one["state"] == "seen").then_some(signals)
    })
    .await;
    let named = |name: &str| signals.iter().find(|one| one["signal"] == name).unwrap();
    assert!(named("cpu")["value"].as_str().unwrap().ends_with(" cores"), "{signals:?}");
    assert!(chrono::DateTime::parse_from_rfc3339(named("cpu")["at"].as_str().unwrap()).is_ok());
    assert_eq!(*named("presence"), json!({ "signal": "presence", "state": "nothing" }));

    let run = inside.data.parent().unwrap();
    let kept =
        Command::new(env!("CARGO_BIN_EXE_dcaas")).args(["keep", "3h", "--run"]).arg(run).output().unwrap();
    assert!(kept.status.success(), "{kept:?}");
    eventually("the hold", || async { dcaas.status(&token).await["hold"].as_str().map(str::to_owned) }).await;
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}
