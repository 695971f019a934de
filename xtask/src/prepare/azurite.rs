//! Azurite, the storage emulator: installed from its lock file.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{stamp, tools};
use crate::show;

/// Installs Azurite if the lock file or Node.js changed; says which folder holds its `node_modules`.
pub fn install() -> Result<PathBuf> {
    let sources = super::repository().join("sandbox/azurite");
    let folder = super::target().join("azurite");
    let lists = ["package.json", "package-lock.json"].map(|name| sources.join(name));
    let node = tools::output("node", &["--version"]).unwrap_or_default();
    let stamp = stamp::of(&lists, &[&node])?;
    let made = folder.join("node_modules");
    if stamp::holds(&made, &stamp) {
        return Ok(folder);
    }
    for list in &lists {
        stamp::copy(list, &folder.join(list.file_name().unwrap_or_default()), false)?;
    }
    let mut command = Command::new("npm");
    command.current_dir(&folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    show::step("Azurite is installed", "half a minute", &super::log("npm"), &mut command)?;
    stamp::note(&made, &stamp)?;
    Ok(folder)
}
