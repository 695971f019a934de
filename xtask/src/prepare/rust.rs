//! The program and the sandbox, compiled.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::Wish;
use crate::show;

/// Compiles dcaas and the sandbox; says in which folder the executables lie.
pub fn build(wish: Wish) -> Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(super::repository());
    // All packages and not two: the same features then as for the tests, and nothing is compiled twice.
    command.args(["build", "--workspace", "--bins", "--color=never"]);
    if wish.release {
        command.arg("--release");
    }
    let (folder, usually) = if wish.release { ("release", "5 minutes") } else { ("debug", "3 minutes") };
    // How long it takes is said only where it will: the next builds are quick.
    let folder = super::target().join(folder);
    let usually = if folder.join("world").exists() { "" } else { usually };
    show::step("dcaas and its world are compiled", usually, &super::log("cargo"), &mut command)?;
    Ok(folder)
}
