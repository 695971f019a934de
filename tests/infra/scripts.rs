//! The scripts and the workflow, as their checkers see them, where those are here; and what checkov may let pass.

use std::fs;
use std::process::Command;

use super::{folder, has};

const SCRIPTS: [&str; 8] = [
    "deploy",
    "destroy",
    "member-images",
    "restore-home",
    "kubernetes/apply",
    "image/tree",
    "image/code-version",
    "../tests/infra/stand-in",
];

#[test]
fn shellcheck_finds_nothing() {
    if !has("shellcheck") {
        return;
    }
    let output =
        Command::new("shellcheck").args(SCRIPTS).arg("../.ci/run").current_dir(folder()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn everything_that_checkov_may_let_pass_has_a_reason() {
    let text = fs::read_to_string(folder().join(".checkov.yaml")).unwrap();
    let list = text.split_once("skip-check:\n").unwrap().1;
    for line in list.lines().filter(|line| line.trim_start().starts_with("- ")) {
        let (check, reason) =
            line.trim_start().split_once(" # ").unwrap_or_else(|| panic!("no reason: {line}"));
        assert!(check.starts_with("- CKV") && reason.len() > 10, "{line}");
    }
}
