//! The Kubernetes control plane and the nodes: one Go program, compiled from Kubernetes' own modules.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Node, stamp, tools};
use crate::show;

/// How its packages are compiled; vet and test with the same flags find them compiled already.
pub const PACKAGE_FLAGS: &[&str] = &["-trimpath"];

/// The Go module.
pub fn sources() -> PathBuf {
    super::repository().join("sandbox/kubernetes")
}

/// The compiled program, with the parts that such machines need.
pub fn program(node: Node) -> PathBuf {
    let name = match node {
        Node::Process => "kubernetes",
        Node::Kubelet => "kubernetes-kubelet",
    };
    super::target().join("kubernetes").join(name)
}

/// The kubelet takes minutes more to compile, so it is behind a tag.
fn tags(node: Node) -> &'static [&'static str] {
    match node {
        Node::Process => &[],
        Node::Kubelet => &["-tags", "kubelet"],
    }
}

/// Compiles it if a source, its module list or Go changed.
pub fn build(node: Node) -> Result<PathBuf> {
    let (sources, program) = (sources(), program(node));
    let go = tools::output("go", &["env", "GOVERSION", "GOARCH"]).unwrap_or_default();
    let flags =
        linker_flags(&std::fs::read_to_string(sources.join("go.mod")).context("no Go module there")?)?;
    let mut files = stamp::files_under(&sources, "testdata")?;
    files.retain(|file| !file.to_string_lossy().ends_with("_test.go"));
    let stamp = stamp::of(&files, &[&go, &flags])?;
    if stamp::holds(&program, &stamp) {
        return Ok(program);
    }
    let new = program.with_extension("new");
    let mut command = Command::new("go");
    // -v names each package when its turn comes: that is the progress people see.
    command.current_dir(&sources).args(["build", "-v"]).args(PACKAGE_FLAGS).args(tags(node));
    command.args(["-ldflags", &flags, "-o"]).arg(&new).arg(".");
    show::step("the Kubernetes control plane is compiled", "5 minutes", &super::log("go"), &mut command)?;
    // A world may run from the old one: it keeps it.
    std::fs::rename(&new, &program).context("the compiled program can not be put in its place")?;
    stamp::note(&program, &stamp)?;
    Ok(program)
}

/// Without these, `/version` says v0.0.0, and clients that ask for a version refuse the server.
fn linker_flags(module: &str) -> Result<String> {
    let version = module
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("require ").strip_prefix("k8s.io/kubernetes "))
        .find_map(|rest| rest.split_whitespace().next())
        .context("go.mod does not require k8s.io/kubernetes")?;
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    Ok(format!(
        "-s -w -X k8s.io/component-base/version.gitVersion={version} \
         -X k8s.io/component-base/version.gitMajor={major} -X k8s.io/component-base/version.gitMinor={minor} \
         -X k8s.io/client-go/pkg/version.gitVersion={version}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_the_module_list() {
        let flags = linker_flags("module x\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n").unwrap();
        assert!(flags.contains("gitVersion=v1.36.3 ") && flags.contains("gitMinor=36 "), "{flags}");
        assert!(linker_flags("module x\n").is_err());
    }
}
