//! A browser for the tests of the page: Chromium from the system, and from npm what drives it.

use std::path::PathBuf;

use anyhow::Result;

use super::{npm, tools};

/// What it may be called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser, and the folder whose `node_modules` drive it.
pub struct Browser {
    pub program: &'static str,
    pub driver: PathBuf,
}

/// Looks for a browser and installs what drives it. None, with a sentence on the terminal, where there is no browser:
/// the tests of the page are skipped then.
pub fn find() -> Result<Option<Browser>> {
    let found = NAMES.into_iter().find(|name| tools::output(name, &["--version"]).is_some());
    let Some(program) = found else {
        eprintln!(
            "  · Chromium is not here (sudo apt-get install -y chromium): the page is not tested in a browser"
        );
        return Ok(None);
    };
    Ok(Some(Browser { program, driver: npm::browser()? }))
}
