//! The workspace's image as the agent finds it: what an editor will miss, certificates, and whose the home is.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::pod;

mod authorities;
mod needs;
mod owner;

pub use owner::Owner;

/// Where the image lies.
const IMAGE: &str = "/";

/// Starts this program anew, in place, with `SSL_CERT_FILE` set, where the image has no certificates of the public
/// authorities and says nothing about them: everything that the agent starts then trusts what the platform brought.
///
/// Returns if there is nothing to set.
///
/// # Errors
/// If the program can not be started anew.
pub fn bring_authorities(platform: &Path) -> std::io::Result<()> {
    let Some(bundle) = authorities::missing(Path::new(IMAGE), platform, |name| std::env::var_os(name)) else {
        return Ok(());
    };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let mut again = Command::new(platform.join(pod::PROGRAM));
    Err(again.arg0(name).args(arguments).env(authorities::FILE, bundle).exec())
}

/// What people should know about this image before they wonder: a sentence each. Notes on the home who works in it.
#[must_use]
pub fn look() -> Vec<String> {
    let needs = needs::missing(&needs::Found::look(Path::new(IMAGE)));
    needs.into_iter().chain(look_at_home()).collect()
}

fn look_at_home() -> Option<String> {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from).filter(|home| home.is_dir())?;
    let user = nix::unistd::geteuid().as_raw();
    let before = Owner::read(&home);
    let (owner, says) = Owner::arrives(before.clone(), user);
    if before.as_ref() == Some(&owner) {
        return says;
    }
    match owner.write(&home) {
        Ok(()) => says,
        Err(error) => Some(format!(
            "your home can not be written by user {user}, as whom this image works ({error}): the image must not leave \
             the pod's groups, and the disk's driver must support fsGroup; ask an admin"
        )),
    }
}
