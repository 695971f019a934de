//! `infra/kubernetes/apply` against the real API server: strict, as a dry run, with the world's own kubectl.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use super::{folder, scratch};
use crate::world::{Installation, facts, get, kubernetes};

/// A script of `infra/`, with the world's own kubectl, which speaks to the world as its admin.
pub fn script(name: &str, scratch_name: &str) -> Command {
    let bin = scratch(scratch_name);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("kubernetes").join("kubernetes");
    let kubectl = bin.join("kubectl");
    fs::write(&kubectl, format!("#!/bin/sh\nexec '{}' kubectl \"$@\"\n", program.display())).unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(folder().join(name));
    command
        .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))
        .env("KUBECONFIG", facts()["kubeconfig"].as_str().unwrap());
    command
}

fn apply(name: &str, dcaas: &Installation, image: &str) -> Output {
    script("kubernetes/apply", name)
        .arg("--dry-run=server")
        .env("INSTALLATION", &dcaas.name)
        .env("PRINCIPAL_ID", &dcaas.principal)
        .env("MEMBERS_ACCOUNT", "dcaasmembers")
        .env("PLATFORM_IMAGE", image)
        .env("WORKSPACE_IMAGE", "dcaas.example/workspace:dev")
        .output()
        .unwrap()
}

#[tokio::test]
async fn the_real_api_server_takes_every_manifest() {
    let dcaas = Installation::first().await;
    // a dry run makes no namespace for what comes after it
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "gpu-resources" } });
    if get("/api/v1/namespaces/gpu-resources").await.is_none() {
        kubernetes("POST", "/api/v1/namespaces", namespace).await;
    }
    let output = apply("apply", &dcaas, "dcaas.example/platform:dev");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for made in [
        "clusterrole.rbac.authorization.k8s.io/dcaas ",
        "clusterrolebinding.rbac.authorization.k8s.io/dcaas-dcaas ",
        "validatingadmissionpolicy.admissionregistration.k8s.io/dcaas-dcaas-volumes ",
        "daemonset.apps/nvidia-device-plugin ",
        "daemonset.apps/dcaas-dcaas-images ",
    ] {
        assert!(said.contains(&format!("{made}serverside-applied (server dry run)")), "{made}: {said}");
    }
}

#[tokio::test]
async fn what_can_not_be_filled_in_is_said_before_anything_is_asked() {
    let dcaas = Installation::first().await;
    for image in ["", "$(reboot)", "a b"] {
        let output = apply("odd", &dcaas, image);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("PLATFORM_IMAGE is missing or has odd characters"), "{said}");
        assert!(output.stdout.is_empty());
    }
}
