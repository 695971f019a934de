//! People join and leave a running world, by the group and by nothing else.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::child;
use crate::running::Running;
use anyhow::{Result, bail};

/// Where a member's things are.
pub fn namespace(oid: &str) -> String {
    format!("dc-{oid}")
}

/// Whether a member's workspace is there, on or off.
fn has_workspace(running: &Running, oid: &str) -> Result<bool> {
    let path = format!("/apis/apps/v1/namespaces/{}/statefulsets/workspace", namespace(oid));
    Ok(running.kubernetes(&path)?.status == 200)
}

/// Adds a person to the group and waits for their workspace.
pub fn join(running: &Running, person: &str) -> Result<ExitCode> {
    let oid = running.oid(person)?;
    running.set_member(person, true)?;
    println!("{person} is in the group");
    wait(running, &format!("no workspace of {person}"), || has_workspace(running, &oid))?;
    println!("{}: the workspace is there, and off", namespace(&oid));
    Ok(ExitCode::SUCCESS)
}

/// Removes a person from the group and waits until their workspace is gone.
pub fn leave(running: &Running, person: &str) -> Result<ExitCode> {
    let oid = running.oid(person)?;
    running.set_member(person, false)?;
    println!("{person} is not in the group any more");
    wait(running, &format!("a workspace of {person}"), || Ok(!has_workspace(running, &oid)?))?;
    println!("{}: the workspace is gone; disk and data are kept", namespace(&oid));
    Ok(ExitCode::SUCCESS)
}

/// A comparison comes at least once a minute here.
fn wait(running: &Running, still: &str, there: impl Fn() -> Result<bool>) -> Result<()> {
    let since = Instant::now();
    while !there()? {
        if since.elapsed() > Duration::from_secs(90) {
            bail!("still {still}; the host's last lines:\n{}", running.host_log(15));
        }
        child::pause(Duration::from_millis(100));
    }
    Ok(())
}
