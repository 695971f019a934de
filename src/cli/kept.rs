//! What `login` keeps: the address and the tokens, in a file that only its owner reads.
//!
//! Not in a keyring: on a machine without a desktop there is none that outlives a session, and its client would bring
//! D-Bus into the executable that runs in every pod.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::fault::{Fault, UNEXPECTED};

/// A sign-in that is kept. It is never printed.
#[derive(Clone, Deserialize, Serialize)]
pub struct Kept {
    pub url: String,
    /// Where another token is had.
    pub token_url: String,
    pub client_id: String,
    pub access: String,
    pub refresh: Option<String>,
}

/// Where it lies: `$XDG_CONFIG_HOME/dcaas/login.json`.
fn file() -> Option<PathBuf> {
    let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = given("XDG_CONFIG_HOME").or_else(|| Some(given("HOME")?.join(".config")))?;
    Some(config.join("dcaas/login.json"))
}

/// What is kept, if something is that can be read.
pub fn read() -> Option<Kept> {
    serde_json::from_slice(&fs::read(file()?).ok()?).ok()
}

/// Keeps it in place of what was kept before.
pub fn write(kept: &Kept) -> Result<(), Fault> {
    let failed = |why: &dyn std::fmt::Display| {
        Fault::new(UNEXPECTED, format!("the sign-in can not be kept: {why}"))
            .next("Set HOME or XDG_CONFIG_HOME to a folder of yours, or give a token in DCAAS_TOKEN.")
    };
    let file = file().ok_or_else(|| failed(&"there is no home"))?;
    let text = serde_json::to_vec(kept).map_err(|e| failed(&e))?;
    replace(&file, &text).map_err(|e| failed(&format!("{}: {e}", file.display())))
}

fn replace(file: &std::path::Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // whole or not at all, and never readable by others, not even for a moment
    let new = file.with_extension(format!("{}.new", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut open| open.write_all(text))
        .and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
