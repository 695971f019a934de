//! What comes from npm, by its lock file: Azurite, and what drives a browser.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{stamp, tools};
use crate::show;

/// Installs Azurite, the storage emulator; says which folder holds its `node_modules`.
pub fn azurite() -> Result<PathBuf> {
    install("azurite", "Azurite is installed", "half a minute")
}

/// Installs what drives a browser, and what checks a page for everybody's use; says which folder holds its
/// `node_modules`.
pub fn browser() -> Result<PathBuf> {
    install("browser", "what drives a browser is installed", "")
}

/// Installs what a folder of the sandbox lists, if the list or Node.js changed.
fn install(name: &str, what: &str, usually: &str) -> Result<PathBuf> {
    let sources = super::repository().join("sandbox").join(name);
    let folder = super::target().join(name);
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
    show::step(what, usually, &super::log(&format!("npm-{name}")), &mut command)?;
    stamp::note(&made, &stamp)?;
    Ok(folder)
}
