//! Which executable plays which part of the control plane.

use anyhow::{Result, bail};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

const PARTS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// Ready binaries in one folder, or the one program that has a subcommand for each part.
#[derive(Clone, Debug)]
pub enum Binaries {
    One(PathBuf),
    Ready(PathBuf),
}

impl Binaries {
    /// The folder that `KUBEBUILDER_ASSETS` names if it holds all parts, else the program.
    ///
    /// # Errors
    /// When neither is there; it says what to do.
    pub fn find(program: &Path, assets: Option<OsString>) -> Result<Self> {
        if let Some(folder) = assets.map(PathBuf::from) {
            let missing: Vec<_> = PARTS.into_iter().filter(|part| !folder.join(part).is_file()).collect();
            if missing.is_empty() {
                return Ok(Self::Ready(folder));
            }
            tracing::warn!("KUBEBUILDER_ASSETS has no {}: it is not used", missing.join(", "));
        }
        if !program.is_file() {
            bail!("{} does not exist: build it with `cargo xtask prepare`", program.display());
        }
        Ok(Self::One(program.to_owned()))
    }

    /// The executable of a part, and what comes before its flags.
    #[must_use]
    pub fn part(&self, part: &'static str) -> (PathBuf, Vec<String>) {
        match self {
            Self::One(program) => (program.clone(), vec![part.to_owned()]),
            Self::Ready(folder) => (folder.join(part), Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_binaries_are_used_only_if_all_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("kubernetes");
        let assets = || Some(folder.path().into());
        assert!(Binaries::find(&program, None).unwrap_err().to_string().contains("cargo xtask prepare"));
        std::fs::write(&program, "").unwrap();
        assert!(matches!(Binaries::find(&program, assets()).unwrap(), Binaries::One(_)));
        for part in PARTS {
            std::fs::write(folder.path().join(part), "").unwrap();
        }
        let ready = Binaries::find(&program, assets()).unwrap();
        assert_eq!(ready.part("etcd"), (folder.path().join("etcd"), vec![]));
        let one = Binaries::find(&program, None).unwrap();
        assert_eq!(one.part("etcd"), (program, vec!["etcd".into()]));
    }
}
