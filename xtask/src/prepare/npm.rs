//! What comes from npm, by its lock file: Azurite, what drives a browser, and a VS Code server.

use std::path::{Path, PathBuf};
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
    let (folder, stamp) = place(name)?;
    let made = folder.join("node_modules");
    if stamp::holds(&made, &stamp) {
        return Ok(folder);
    }
    ci(name, &folder, what, usually)?;
    stamp::note(&made, &stamp)?;
    Ok(folder)
}

/// The folder into which the sandbox's list of that name is installed, with the list in it, and the stamp of both the list
/// and Node.js.
pub fn place(name: &str) -> Result<(PathBuf, String)> {
    let sources = super::repository().join("sandbox").join(name);
    let folder = super::target().join(name);
    let lists = ["package.json", "package-lock.json"].map(|name| sources.join(name));
    let node = tools::output("node", &["--version"]).unwrap_or_default();
    for list in &lists {
        stamp::copy(list, &folder.join(list.file_name().unwrap_or_default()), false)?;
    }
    Ok((folder, stamp::of(&lists, &[&node])?))
}

/// Installs by the lock file of a folder, and runs no script of what it installs.
pub fn ci(name: &str, folder: &Path, what: &str, usually: &str) -> Result<()> {
    let mut command = Command::new("npm");
    command.current_dir(folder).args(["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]);
    show::step(what, usually, &super::log(&format!("npm-{name}")), &mut command)
}
