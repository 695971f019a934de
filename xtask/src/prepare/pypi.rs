//! Programs from PyPI, each by version and, where its list has them, checksum, in a folder of their own under `target/`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{stamp, tools};
use crate::show;

/// Installs what `xtask/LIST.txt` names, if that changed; says which folder has it. None where there is no Python with pip.
pub fn install(list: &str, what: &str) -> Result<Option<PathBuf>> {
    let Some(pip) = tools::output("python3", &["-m", "pip", "--version"]) else {
        return Ok(None);
    };
    let file = super::repository().join("xtask").join(list).with_extension("txt");
    let folder = super::target().join(list);
    let stamp = stamp::of(std::slice::from_ref(&file), &[&pip])?;
    if stamp::holds(&folder, &stamp) {
        return Ok(Some(folder));
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut command = Command::new("python3");
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"])
        .args(["--no-deps", "--only-binary=:all:"])
        .args(std::fs::read_to_string(&file)?.contains("--hash=").then_some("--require-hashes"))
        .args(["--target".as_ref(), folder.as_os_str(), "--requirement".as_ref(), file.as_os_str()]);
    show::step(&format!("{what} are installed"), "", &super::log("pip"), &mut command)?;
    stamp::note(&folder, &stamp)?;
    Ok(Some(folder))
}
