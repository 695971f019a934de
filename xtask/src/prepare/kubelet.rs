//! What machines that are kubelets need: programs of the distribution, root, and containerd's folder with the images.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{image_build, stamp, tools};
use crate::show;

/// A file that must be there, and the package that brings it.
const NEEDED: [(&str, &str); 10] = [
    ("/usr/bin/containerd", "containerd"),
    ("/usr/bin/ctr", "containerd"),
    ("/usr/sbin/runc", "runc"),
    ("/usr/lib/cni/ptp", "containernetworking-plugins"),
    ("/usr/bin/buildah", "buildah"),
    ("/usr/sbin/debootstrap", "debootstrap"),
    ("/usr/bin/patchelf", "patchelf"),
    ("/sbin/mkfs.ext4", "e2fsprogs"),
    ("/bin/busybox", "busybox-static"),
    ("/etc/ssl/certs/ca-certificates.crt", "ca-certificates"),
];

/// Fails with what is missing and the one command that installs it, or that this is not root.
pub fn check() -> Result<()> {
    match missing(|file| Path::new(file).exists()) {
        Some(command) => {
            bail!(
                "Machines that are kubelets need programs that are not here. Install them, and run this again:\n\n    {command}"
            )
        }
        None if !nix::unistd::geteuid().is_root() => {
            bail!(
                "Machines that are kubelets need root: run this again as root (sudo -E env PATH=\"$PATH\" cargo …), \
                 or leave `--node kubelet` out"
            )
        }
        None if !Path::new("/dev/loop-control").exists() => {
            bail!(
                "Machines that are kubelets need loop devices for home disks, and /dev/loop-control is not here: \
                 run `modprobe loop`, or, in a container, one that is privileged"
            )
        }
        None => Ok(()),
    }
}

/// The command that installs what is missing.
fn missing(there: impl Fn(&str) -> bool) -> Option<String> {
    tools::installs(NEEDED.iter().filter(|(file, _)| !there(file)).map(|(_, package)| *package))
}

/// Builds the images and puts those that are new into the folder with which each machine's containerd begins.
pub fn containers(built: &Path, program: &Path) -> Result<PathBuf> {
    let folder = super::target().join("images-kubelet");
    let machine = folder.join("machine");
    let containers = machine.join("lib/containerd");
    let mut new = Vec::new();
    for archive in image_build::all(built, &folder)? {
        // the archive's own stamp, noted once more when it is imported
        let made = std::fs::read_to_string(archive.with_extension("stamp"))?;
        let imported = machine.join(archive.file_name().context("an archive has a name")?);
        if !containers.exists() || !stamp::holds(&imported, &made) {
            new.push((archive, imported, made));
        }
    }
    if new.is_empty() {
        return Ok(containers);
    }
    std::fs::create_dir_all(&machine)?;
    let mut command = Command::new(program);
    command.args(["machine", "images"]).arg(&machine).args(new.iter().map(|(archive, ..)| archive));
    show::step("containerd takes the images", "", &super::log("images"), &mut command)?;
    for (_, imported, made) in new {
        stamp::write(&imported, b"", false)?;
        stamp::note(&imported, &made)?;
    }
    Ok(containers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_installs_all_that_is_needed() {
        let ci = std::fs::read_to_string(super::super::repository().join(".ci/run")).unwrap();
        let list = ci.lines().find_map(|line| line.strip_prefix("kubelet_packages='")).unwrap();
        let installed: Vec<&str> = list.trim_end_matches('\'').split(' ').collect();
        for (_, package) in NEEDED {
            assert!(installed.contains(&package), "{package}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_one_command() {
        assert_eq!(missing(|_| true), None);
        let command =
            missing(|file| !["/usr/bin/containerd", "/usr/bin/ctr", "/usr/lib/cni/ptp"].contains(&file));
        let expected =
            "sudo apt-get install -y --no-install-recommends containerd containernetworking-plugins";
        assert_eq!(command.as_deref(), Some(expected));
    }
}
