//! Terraform itself: how the files look, and where its registry can be reached, what the real providers say of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::roots::ROOTS;
use super::{folder, has, scratch};

/// Runs it, without asking anybody anything.
pub fn terraform(at: &Path, arguments: &[&str]) -> Output {
    Command::new("terraform")
        .args(arguments)
        .current_dir(at)
        .env("TF_IN_AUTOMATION", "1")
        .env("TF_INPUT", "0")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What it said.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Copies the files that Terraform reads, with all folders.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() && name != ".terraform" {
            copy(&path, &to.join(name));
        } else if path.extension().is_some_and(|ending| ending == "tf" || ending == "hcl") {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn the_files_are_formatted() {
    if !has("terraform") {
        return;
    }
    let output = terraform(&folder(), &["fmt", "-check", "-diff", "-recursive", "-no-color"]);
    assert!(output.status.success(), "terraform fmt -recursive infra\n{}", said(&output));
}

#[test]
fn the_module_of_the_profiles_passes_its_own_tests() {
    if !has("terraform") {
        return;
    }
    let at = scratch("module");
    copy(&folder().join("platform/profiles"), &at);
    let output = terraform(&at, &["init", "-no-color"]);
    assert!(output.status.success(), "{}", said(&output));
    let output = terraform(&at, &["test", "-no-color"]);
    assert!(output.status.success() && said(&output).contains(" 0 failed"), "{}", said(&output));
}

/// Where the registry can not be reached, `check.rs` and its neighbours are all there is.
#[test]
fn the_real_providers_take_every_root() {
    if !has("terraform") {
        return;
    }
    let at = scratch("providers");
    copy(&folder(), &at);
    for root in ROOTS {
        let at = at.join(root);
        let output = terraform(&at, &["init", "-backend=false", "-no-color"]);
        if !output.status.success() && said(&output).contains("registry.terraform.io") {
            eprintln!("skipped: Terraform's registry of providers can not be reached from here");
            return;
        }
        assert!(output.status.success(), "{root}: {}", said(&output));
        for verb in ["validate", "test"] {
            let output = terraform(&at, &[verb, "-no-color"]);
            assert!(output.status.success(), "{root}, {verb}: {}", said(&output));
        }
    }
}
