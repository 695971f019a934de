//! Any image: what the platform brings starts where there is nothing else, and the files of `infra/image` are in order.

mod bare;
mod files;
mod gpu;
mod tree;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the images.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/image")
}

/// A folder of this test's own; what an earlier run left there is gone.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("image-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The search path with what `cargo xtask test` installed for these tests first.
fn search_path() -> String {
    let installed = std::env::var("DCAAS_CHECKERS").map(|folder| folder + ":").unwrap_or_default();
    installed + &std::env::var("PATH").unwrap_or_default()
}

/// Whether a program can be run. What is not here is said, and the test that needs it is skipped; what
/// `cargo xtask test` should have installed must be here.
fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .env("PATH", search_path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let installed =
        ["hadolint", "patchelf"].contains(&program) && std::env::var_os("DCAAS_CHECKERS").is_some();
    assert!(found || !installed, "{program} was installed and does not run");
    if !found {
        eprintln!("skipped: {program} is not here; `cargo xtask test` installs what it can");
    }
    found
}

/// Whether this is root, who alone can enter another root.
fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root can enter an image's root");
    }
    root
}
