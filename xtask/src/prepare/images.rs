//! The container images of the world: folders, because its nodes run a pod as local processes.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::{Wish, stamp};

/// What puts our executable into a pod.
pub const PLATFORM: &str = "dcaas.example/platform:dev";
/// What a member works in: anything, nothing of ours in it.
pub const WORKSPACE: &str = "dcaas.example/workspace:dev";

/// Assembles both images; says where the list of them lies.
pub fn assemble(built: &Path, wish: Wish) -> Result<PathBuf> {
    let kinds = [(wish.release, "-release"), (wish.editor, "-editor")];
    let name = kinds.iter().filter(|(is, _)| *is).fold("images".to_owned(), |name, (_, kind)| name + kind);
    let images = super::target().join(&name);
    let (platform, workspace) = (images.join("platform"), images.join("workspace"));
    stamp::copy(&built.join("dcaas"), &platform.join("opt/dcaas/bin/dcaas"), true)?;
    // The stand-in for the VS Code CLI, in the place of the real one.
    stamp::copy(&built.join("code"), &platform.join("opt/dcaas/bin/code"), true)?;
    stamp::write(
        &workspace.join("etc/os-release"),
        b"NAME=\"a workspace image with nothing in it\"\n",
        false,
    )?;
    // what a VS Code server and people at its terminals need is this machine's own
    let programs = workspace.join("usr");
    if wish.editor && programs.symlink_metadata().is_err() {
        symlink("/usr", programs)?;
    }
    let list = json!({ PLATFORM: { "root": platform }, WORKSPACE: { "root": workspace } });
    let file = super::target().join(format!("{name}.json"));
    stamp::write(&file, format!("{list:#}\n").as_bytes(), false)?;
    Ok(file)
}
