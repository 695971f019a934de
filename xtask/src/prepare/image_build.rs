//! Real container images, built from the repository's own Dockerfiles without a daemon and without a registry.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{images, stamp, tools};
use crate::show;

/// The images whose Dockerfile needs a shell and nothing else.
const SMALL: [(&str, &str); 6] = [
    ("pause", "dcaas.example/pause:1"),
    ("bare", "dcaas.example/bare:dev"),
    ("other-user", "dcaas.example/other-user:dev"),
    ("read-only", "dcaas.example/read-only:dev"),
    ("no-platform", "dcaas.example/no-platform:dev"),
    ("other-machine", "dcaas.example/other-machine:dev"),
];

/// The distribution of the workspace's image, and what it has beside its base.
const DEBIAN: [&str; 3] = ["bookworm", "--variant=minbase", "--include=sudo,openssh-client,procps"];

/// Builds all; gives their archives, each with a stamp beside it.
pub fn all(built: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let mut archives = vec![platform(built, folder)?, debian(folder)?];
    for (name, image) in SMALL {
        let file = dockerfile(name);
        let archive = folder.join(name).with_extension("tar");
        let stamp = stamp::of(&[file.clone(), "/bin/busybox".into()], &[image])?;
        if !stamp::holds(&archive, &stamp) {
            let context = fresh(&folder.join("context"))?;
            std::fs::copy("/bin/busybox", context.join("busybox"))?;
            build(image, &archive, Build { file: &file, context: &context, from: None })?;
            stamp::note(&archive, &stamp)?;
        }
        archives.push(archive);
    }
    Ok(archives)
}

fn dockerfile(name: &str) -> PathBuf {
    super::repository().join("sandbox/images").join(name).with_extension("Dockerfile")
}

/// The platform's image: the last stage of its Dockerfile, over a tree that its own script makes of our programs.
fn platform(built: &Path, folder: &Path) -> Result<PathBuf> {
    let infra = super::repository().join("infra/image");
    let (file, script) = (infra.join("platform.Dockerfile"), infra.join("tree"));
    let programs = [built.join("dcaas"), built.join("code")];
    let archive = folder.join("platform.tar");
    let mut sources = vec![file.clone(), script.clone()];
    sources.extend(programs.clone());
    let stamp = stamp::of(&sources, &[images::PLATFORM])?;
    if stamp::holds(&archive, &stamp) {
        return Ok(archive);
    }
    let work = fresh(&folder.join("platform"))?;
    let mut stripped = Vec::new();
    for program in &programs {
        let to = work.join(program.file_name().context("a program has a name")?);
        let mut strip = Command::new("strip");
        // as the release profile does, which the Dockerfile builds with
        strip.arg("-o").args([&to, program]);
        show::step("a program is stripped", "", &super::log("strip"), &mut strip)?;
        stripped.push(to);
    }
    let tree = work.join("build/tree/opt/dcaas");
    let mut command = Command::new(script);
    command.args([&tree, Path::new("/opt/dcaas")]).args(stripped);
    show::step("the platform's tree is made", "", &super::log("tree"), &mut command)?;
    std::fs::copy("/etc/ssl/certs/ca-certificates.crt", tree.join("ca.pem"))?;
    let text = std::fs::read_to_string(&file)?;
    let last = work.join("Dockerfile");
    std::fs::write(&last, last_stage(&text).context("platform.Dockerfile has no stages")?)?;
    let (context, from) = (fresh(&work.join("context"))?, work.join("build"));
    build(images::PLATFORM, &archive, Build { file: &last, context: &context, from: Some(&from) })?;
    stamp::note(&archive, &stamp)?;
    Ok(archive)
}

/// What stands from the last `FROM` on.
fn last_stage(dockerfile: &str) -> Option<&str> {
    dockerfile.rfind("\nFROM ").map(|at| &dockerfile[at + 1..])
}

/// The workspace's image of every profile: Debian.
fn debian(folder: &Path) -> Result<PathBuf> {
    let archive = folder.join("debian.tar");
    let file = dockerfile("debian");
    let stamp = stamp::of(std::slice::from_ref(&file), &[&DEBIAN.join(" "), images::WORKSPACE])?;
    if stamp::holds(&archive, &stamp) {
        return Ok(archive);
    }
    let context = fresh(&folder.join("context"))?;
    let tar = root(folder)?;
    std::fs::hard_link(tar, context.join("root.tar"))?;
    build(images::WORKSPACE, &archive, Build { file: &file, context: &context, from: None })?;
    stamp::note(&archive, &stamp)?;
    Ok(archive)
}

/// Debian's packages as one archive; they are fetched once. What is signed needs no https.
fn root(folder: &Path) -> Result<PathBuf> {
    let tar = folder.join("root.tar");
    let version = tools::output("debootstrap", &["--version"]).unwrap_or_default();
    let stamp = stamp::of(&[], &[&DEBIAN.join(" "), &version])?;
    if stamp::holds(&tar, &stamp) {
        return Ok(tar);
    }
    let [suite, options @ ..] = DEBIAN;
    let place = fresh(&folder.join("root"))?;
    let mut command = Command::new("debootstrap");
    command.args(options).arg(suite).arg(&place).arg("http://deb.debian.org/debian");
    show::step("Debian is fetched for an image", "2 minutes", &super::log("debootstrap"), &mut command)?;
    let new = tar.with_extension("new");
    let mut command = Command::new("tar");
    command.arg("-C").arg(&place).args([
        "--exclude=./var/cache/apt/archives/*.deb",
        "--numeric-owner",
        "-cf",
    ]);
    show::step("Debian is packed", "", &super::log("tar"), command.arg(&new).arg("."))?;
    std::fs::rename(new, &tar)?;
    std::fs::remove_dir_all(place)?;
    stamp::note(&tar, &stamp)?;
    Ok(tar)
}

/// What one image is built from.
struct Build<'a> {
    file: &'a Path,
    context: &'a Path,
    /// What stands for the stage `build`.
    from: Option<&'a Path>,
}

/// Builds one image and writes it as an archive.
fn build(image: &str, archive: &Path, of: Build) -> Result<()> {
    let store = archive.with_file_name("store");
    let buildah = || {
        let mut command = Command::new("buildah");
        command.arg("--root").arg(store.join("root")).arg("--runroot").arg(store.join("run"));
        command.args(["--storage-driver", "vfs"]);
        command
    };
    fresh(&store)?;
    let mut command = buildah();
    command.args(["build", "--isolation", "chroot", "--tag", image, "--file"]).arg(of.file);
    if let Some(from) = of.from {
        command.arg(format!("--build-context=build={}", from.display()));
    }
    show::step(&format!("image {image} is built"), "", &super::log("buildah"), command.arg(of.context))?;
    let new = archive.with_extension("new");
    let mut command = buildah();
    command.args(["push", "--disable-compression", image]);
    command.arg(format!("oci-archive:{}:{image}", new.display()));
    show::step(&format!("image {image} is written"), "", &super::log("buildah"), &mut command)?;
    std::fs::rename(new, archive)?;
    // each image is whole in its archive
    std::fs::remove_dir_all(store)?;
    Ok(())
}

/// A folder with nothing in it.
fn fresh(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("can not clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_of_the_platforms_image_needs_nothing_but_the_one_before_it() {
        let file = super::super::repository().join("infra/image/platform.Dockerfile");
        let text = std::fs::read_to_string(file).unwrap();
        let last = last_stage(&text).unwrap();
        assert!(last.starts_with("FROM scratch\n"), "{last}");
        assert!(last.contains("COPY --from=build /tree /\n"), "{last}");
        assert_eq!(last.matches("COPY").count(), 1, "{last}");
    }
}
