//! The main job: a member starts, sees and stops their workspace.

use serde_json::json;

use crate::world::{Installation, client, eventually};

#[tokio::test]
async fn a_member_starts_sees_reads_and_stops() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;

    let started = dcaas.start_steady(&token).await;
    assert_eq!(started.status, 202, "{}", started.text);
    assert!(started.headers.contains_key("retry-after"));
    let session = started.json()["session"].clone();
    assert_eq!(started.json()["phase"], "starting");

    let running = dcaas.until(&token, "running").await;
    assert_eq!(running["session"], session);
    assert_eq!(running["profile"], "steady");
    let address = running["address"].as_str().unwrap();
    assert!(address.starts_with("https://vscode.dev/tunnel/dc-"), "{running}");

    let logs = dcaas.get(&token, "/api/logs?tail=50").await;
    assert_eq!(logs.status, 200, "{}", logs.text);
    assert!(logs.text.contains("vscode.dev/tunnel"), "{}", logs.text);
    assert!(!logs.text.contains("{\"dcaas\":1"), "the agent's lines are not for people: {}", logs.text);

    let stopped = dcaas.stop(&token).await;
    assert_eq!(stopped.status, 202, "{}", stopped.text);
    dcaas.until(&token, "stopped").await;
    assert!(ada.pods().await.is_empty());
}

#[tokio::test]
async fn asking_twice_is_the_same_as_asking_once() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;

    let stopped = dcaas.stop(&token).await;
    assert_eq!((stopped.status, &stopped.json()["phase"]), (200, &json!("stopped")));

    let first = dcaas.start_steady(&token).await.json();
    let second = dcaas.start_steady(&token).await.json();
    assert_eq!(first["session"], second["session"]);
    dcaas.until(&token, "running").await;
    let again = dcaas.start_steady(&token).await;
    assert_eq!((again.status, &again.json()["session"]), (200, &first["session"]), "{}", again.text);

    dcaas.stop(&token).await;
    let twice = dcaas.stop(&token).await;
    assert!([200, 202].contains(&twice.status), "{}", twice.text);
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn a_start_while_the_last_run_ends_converges() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let first = dcaas.start_steady(&token).await.json();
    dcaas.until(&token, "running").await;
    dcaas.stop(&token).await;
    let second = dcaas.start_steady(&token).await;
    assert_eq!(second.status, 202, "{}", second.text);
    assert_ne!(first["session"], second.json()["session"]);
    let running = dcaas.until(&token, "running").await;
    assert_eq!(running["session"], second.json()["session"]);
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn a_stop_while_it_starts_leaves_nothing_behind() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    dcaas.start_steady(&token).await;
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 0);
    assert!(ada.pods().await.is_empty());
}

#[tokio::test]
async fn another_size_takes_the_place_of_one_that_has_not_run_and_is_refused_once_it_has() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    // an image that nobody has keeps the first container from ever running
    let stuck = dcaas.start(&token, json!({ "profile": "steady", "image": "dcaas.example/none:1" })).await;
    assert_eq!(stuck.status, 202, "{}", stuck.text);
    let failed = dcaas.until(&token, "failed").await;
    assert!(failed["says"].as_str().unwrap().contains("dcaas.example/none:1"), "{failed}");
    assert!(!failed["next"].as_str().unwrap().is_empty());

    let other = dcaas.start(&token, json!({ "profile": "brief" })).await;
    assert_eq!(other.status, 202, "{}", other.text);
    assert_ne!(other.json()["session"], stuck.json()["session"]);
    let running = dcaas.until(&token, "running").await;
    assert_eq!(running["profile"], "brief");

    let refused = dcaas.start_steady(&token).await;
    assert_eq!(refused.problem(), (409, "runs-another".into()));
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn what_was_written_at_home_is_there_the_next_time() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    dcaas.start_steady(&token).await;
    dcaas.until(&token, "running").await;
    let volume = crate::world::get(&ada.path("persistentvolumeclaims/home")).await.unwrap();
    let volume = volume["spec"]["volumeName"].clone();
    assert!(volume.is_string());
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
    dcaas.start_steady(&token).await;
    dcaas.until(&token, "running").await;
    let again = crate::world::get(&ada.path("persistentvolumeclaims/home")).await.unwrap();
    assert_eq!(again["spec"]["volumeName"], volume, "the same disk");
    dcaas.stop(&token).await;
    dcaas.until(&token, "stopped").await;
}

#[tokio::test]
async fn a_followed_log_comes_as_it_is_written_and_ends_when_the_workspace_does() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let nothing = dcaas.get(&token, "/api/logs").await;
    assert_eq!(nothing.problem(), (409, "not-running".into()));

    dcaas.start_steady(&token).await;
    dcaas.until(&token, "running").await;
    let url = format!("{}/api/logs?follow=true&tail=100", dcaas.functions);
    let mut stream = client().get(url).bearer_auth(&token.0).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut text = String::new();
    while !text.contains("vscode.dev/tunnel") {
        text += std::str::from_utf8(&stream.chunk().await.unwrap().expect("the log goes on")).unwrap();
    }
    dcaas.stop(&token).await;
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let last = text.lines().last().unwrap();
    assert!(last.starts_with(r#"{"dcaas":"cursor","since":"#), "{last}");
    eventually("it is off", || async { (dcaas.status(&token).await["phase"] == "stopped").then_some(()) })
        .await;
}
