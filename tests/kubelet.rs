//! On a real kubelet: images, users, file rights, grace periods and memory kills as in production.
//!
//! These tests need machines that are kubelets (`cargo xtask test --node kubelet`) and are skipped elsewhere.

mod endings;
mod failures;
mod gpus;
mod home;
mod inside;
mod killed;
mod processes;
mod pulls;
mod users;
mod walk;

use std::{path::PathBuf, process::Output};

use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::world::{Installation, Person, Token, eventually, facts, kubectl};

/// Whether the world's machines are kubelets; says so where they are not.
fn real() -> bool {
    let real = facts()["node"] == "kubelet";
    if !real {
        eprintln!(
            "skipped: the machines here are processes; `cargo xtask test --node kubelet` has real ones"
        );
    }
    real
}

/// What went to both of a program's outputs.
fn said(output: &Output) -> String {
    (String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr)).into_owned()
}

/// Runs a shell script in a person's workspace, as its image's user and without its environment's doing.
fn shell(person: &Person, script: &str) -> Output {
    let namespace = person.namespace();
    kubectl(&["exec", "-n", &namespace, "workspace-0", "-c", "workspace", "--", "/bin/sh", "-c", script])
}

/// The same, and it has to succeed; gives what it says.
#[track_caller]
fn runs(person: &Person, script: &str) -> String {
    let output = shell(person, script);
    assert!(output.status.success(), "{script}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The machine of a person's pod.
async fn machine(person: &Person) -> String {
    person.pods().await[0]["spec"]["nodeName"].as_str().unwrap().to_owned()
}

/// Starts with an image and waits until it is connected.
async fn started(dcaas: &Installation, token: &Token, image: Option<&str>) -> Value {
    let mut wish = json!({ "profile": "steady" });
    if let Some(image) = image {
        wish["image"] = json!(image);
    }
    let answer = dcaas.start(token, wish).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let running = dcaas.until(token, "running").await;
    assert!(running["address"].is_string(), "{running}");
    running
}

async fn stopped(dcaas: &Installation, token: &Token) {
    dcaas.stop(token).await;
    dcaas.until(token, "stopped").await;
}

/// Waits until the status is of this phase and says one of these words; gives what it says, and what to do next.
async fn says(dcaas: &Installation, token: &Token, phase: &str, words: &[&str]) -> String {
    eventually(&format!("{phase}: {words:?}"), || async {
        let status = dcaas.status(token).await;
        let says = status["says"].as_str()?.to_owned();
        let found = status["phase"] == phase && words.iter().any(|word| says.contains(word));
        found.then(|| format!("{says} {}", status["next"].as_str().unwrap_or_default()))
    })
    .await
}

/// A machine's folder.
fn folder(node: &str) -> String {
    let machines = PathBuf::from(facts()["folder"].as_str().unwrap()).join("machines");
    machines.join(node).to_string_lossy().into_owned()
}

/// The kubelet of a machine, while there is one.
fn kubelet(node: &str) -> Option<Pid> {
    let folder = folder(node);
    let inside = processes::that_run(&["machine-inside", &folder]);
    let kubelet = |one: &processes::Process| processes::words(one.pid) == ["kubelet", "kubelet", &folder];
    inside
        .first()
        .and_then(|inside| processes::family(*inside).into_iter().find(kubelet))
        .map(|one| one.pid())
}
