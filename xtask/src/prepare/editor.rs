//! A real VS Code server, from npm: code-server has the one that the VS Code CLI unpacks, built from the same source.
//! What lies around it stays unused.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{npm, stamp, tools};
use crate::show;

/// What is written in C++ and has to be compiled: terminals, the log, and the watch over the extension host's parent. The
/// rest comes compiled, or is for sign-ins to proxies.
const NATIVE: [&str; 3] = ["node-pty", "@vscode/spdlog", "native-watchdog"];

/// What compiles them, what searches in files (the server would download its own), and the packages that bring them.
const NEEDED: [(&str, &str); 4] =
    [("python3", "python3"), ("make", "make"), ("g++", "g++"), ("rg", "ripgrep")];

/// Names what is missing, with the one command that installs it.
pub fn check() -> Result<()> {
    let there = |program: &str| tools::output(program, &["--version"]).is_some();
    match missing(there, headers().is_some()) {
        None => Ok(()),
        Some(command) => {
            bail!("A real editor needs what is not here: {command}\nThen run the same command again.")
        }
    }
}

fn missing(there: impl Fn(&str) -> bool, headers: bool) -> Option<String> {
    let programs = NEEDED.iter().filter(|(program, _)| !there(program)).map(|(_, package)| *package);
    tools::installs(programs.chain((!headers).then_some("libnode-dev")))
}

/// The folder whose `include` has the headers of the Node.js that runs here.
fn headers() -> Option<PathBuf> {
    let node = PathBuf::from(tools::output("node", &["-p", "process.execPath"])?);
    let root = node.parent()?.parent()?.to_owned();
    root.join("include/node/node.h").exists().then_some(root)
}

/// Installs the server; says which folder has it as `Stable-<commit>/server`, as the CLI has it.
pub fn install() -> Result<PathBuf> {
    let (folder, lists) = npm::place("editor")?;
    let stamp = stamp::of(&[lock()], &[&lists])?;
    let made = folder.join("servers");
    if stamp::holds(&made, &stamp) {
        return Ok(made);
    }
    for old in ["node_modules", "servers"] {
        match std::fs::remove_dir_all(folder.join(old)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    npm::ci("editor", &folder, "code-server is installed", "half a minute")?;
    let server = folder.join("node_modules/code-server/lib/vscode");
    // its own list lacks a package
    stamp::copy(&lock(), &server.join("npm-shrinkwrap.json"), false)?;
    npm::ci("editor-server", &server, "what its VS Code server needs is installed", "half a minute")?;
    npm::ci("editor-extensions", &server.join("extensions"), "its extensions are installed", "")?;
    for part in NATIVE {
        compile(&folder, &server.join("node_modules").join(part))?;
    }
    link("node_modules", &server.join("node_modules.asar"))?;
    let node =
        tools::output("node", &["-p", "process.execPath"]).context("Node.js does not say where it is")?;
    std::fs::copy(node, server.join("node"))?;
    let search = server.join("node_modules/@vscode/ripgrep/bin");
    std::fs::create_dir_all(&search)?;
    let found = tools::output("sh", &["-c", "command -v rg"]).context("ripgrep is gone")?;
    std::fs::copy(found, search.join("rg"))?;
    std::fs::rename(server.join("bin/code-server-oss"), server.join("bin/code-server"))?;
    let place = made.join(release(&server)?);
    std::fs::create_dir_all(&place)?;
    std::fs::rename(&server, place.join("server"))?;
    std::fs::remove_dir_all(folder.join("node_modules"))?;
    stamp::note(&made, &stamp)?;
    Ok(made)
}

/// `Stable-<commit>`, as the CLI names the folder of a release.
fn release(server: &Path) -> Result<String> {
    let product: Value = serde_json::from_slice(&std::fs::read(server.join("product.json"))?)?;
    let commit = product["commit"].as_str().context("product.json names no commit")?;
    Ok(format!("Stable-{commit}"))
}

/// What the server needs, version by version.
fn lock() -> PathBuf {
    super::repository().join("sandbox/editor/server-lock.json")
}

fn compile(folder: &Path, part: &Path) -> Result<()> {
    // the headers that Node.js brought: no others can be had without its site
    let headers = headers().context("the headers of Node.js are gone")?;
    let mut command = Command::new(folder.join("node_modules/.bin/node-gyp"));
    command.current_dir(part).arg("rebuild").arg(format!("--nodedir={}", headers.display()));
    show::step("a native part of it is compiled", "", &super::log("npm-editor-native"), &mut command)
}

fn link(to: &str, at: &Path) -> Result<()> {
    if at.symlink_metadata().is_ok() {
        std::fs::remove_file(at)?;
    }
    Ok(std::os::unix::fs::symlink(to, at)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_one_command() {
        assert_eq!(missing(|_| true, true), None);
        let expected = "sudo apt-get install -y --no-install-recommends g++ libnode-dev";
        assert_eq!(missing(|program| program != "g++", false).as_deref(), Some(expected));
    }
}
