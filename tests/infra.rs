//! The Terraform roots, the manifests and the documents of `infra/`, held to what can be known without a cloud.

mod alerts;
mod bodies;
mod check;
mod deploy;
mod homes;
mod manifests;
mod own_images;
mod profiles;
mod references;
mod rights;
mod roots;
mod scripts;
mod settings;
mod sign_in;
mod terraform;
mod types;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder `infra`.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("infra")
}

/// A folder of this test's own; what an earlier run left there is gone.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("infra-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Whether a program can be run. What is not here is said, and the test that needs it is skipped.
fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: {program} is not here");
    }
    found
}
