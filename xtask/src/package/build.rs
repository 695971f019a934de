//! The release build: zig is the linker, because it brings the symbols of any glibc, on any Linux.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::prepare;
use crate::show;

use super::glibc;

/// What it runs on.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds it; says where the executable is.
pub fn release() -> Result<PathBuf> {
    let zig = prepare::from_pypi("zig", "zig and cargo-zigbuild")?.context(
        "The package is linked with zig, which comes from PyPI: install Python with pip first \
         (sudo apt-get install -y python3-pip), then run the same command again.",
    )?;
    let repository = prepare::repository();
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    // The paths of this machine stay out of it, so that another one makes the same bytes. The last that fits counts, and
    // the target may lie in the repository or anywhere.
    let built = prepare::target().join("package/build");
    let paths = [(&cargo_home, "/cargo"), (&repository, "/dcaas"), (&built, "/build")];
    let maps = |flag: &str| paths.map(|(from, to)| format!("{flag}={}={to}", from.display())).join(" ");
    let mut command = Command::new(zig.join("bin/cargo-zigbuild"));
    command
        .current_dir(&repository)
        .args(["zigbuild", "--release", "--locked", "--package", "dcaas", "--bin", "dcaas"])
        .args(["--target", &format!("{TARGET}.2.{}", glibc::OLDEST)])
        .env("CARGO_ZIGBUILD_ZIG_PATH", zig.join("ziglang/zig"))
        .env("CARGO_TARGET_DIR", &built)
        .env("CARGO_INCREMENTAL", "0")
        .env("SOURCE_DATE_EPOCH", "0")
        .env("RUSTFLAGS", maps("--remap-path-prefix"))
        .env("CFLAGS_x86_64_unknown_linux_gnu", maps("-ffile-prefix-map"));
    show::step(
        "dcaas is built for release",
        "8 minutes",
        &prepare::target().join("logs/package.log"),
        &mut command,
    )?;
    Ok(built.join(TARGET).join("release/dcaas"))
}
