//! `cargo xtask package`: what is published. A release build for glibc 2.28 and later, assembled as a folder and as a zip,
//! with a list of its parts and checksums beside it.

mod archive;
mod build;
mod checksums;
mod glibc;
mod parts;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::local::{Start, World};
use crate::prepare::{self, Wish};
use crate::running::Running;
use crate::tour;

/// The world of `--tour`.
const NAME: &str = "package";

#[derive(clap::Args)]
pub struct Arguments {
    /// Pack this executable, and build none.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
    /// Unpack the zip again and tour it in a world of its own.
    #[arg(long)]
    tour: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let folder = prepare::target().join("package");
    let executable = match &arguments.executable {
        Some(file) => file.clone(),
        None => build::release()?,
    };
    let zip = pack(&executable, &folder)?;
    if arguments.tour { try_out(&zip, &folder) } else { Ok(ExitCode::SUCCESS) }
}

/// Writes the package into `folder`; says where the zip is.
fn pack(executable: &Path, folder: &Path) -> Result<PathBuf> {
    let bytes =
        std::fs::read(executable).with_context(|| format!("can not read {}", executable.display()))?;
    let needs = glibc::newest(&bytes);
    if needs > glibc::OLDEST {
        bail!(
            "{} needs glibc 2.{needs}, and has to run with 2.{}: build it with `cargo xtask package`, which links it so",
            executable.display(),
            glibc::OLDEST
        );
    }
    let app = folder.join("app");
    prepare::lay_out(&app, executable)?;
    let name = format!("dcaas-{}-linux-x64", env!("CARGO_PKG_VERSION"));
    let zip = folder.join(format!("{name}.zip"));
    archive::write(&app, &zip).context("the zip can not be written")?;
    let list = folder.join(format!("{name}.cdx.json"));
    std::fs::write(&list, parts::list(&prepare::repository())?)?;
    checksums::write(&folder.join("SHA256SUMS"), &[&zip, &list])?;
    for file in [&zip, &list, &folder.join("SHA256SUMS")] {
        println!("{:>9}  {}", size(std::fs::metadata(file)?.len()), file.display());
    }
    Ok(zip)
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1024.0 / 1024.0)
}

/// Unpacks the zip, and tours it as it came out.
fn try_out(zip: &Path, folder: &Path) -> Result<ExitCode> {
    if let Some(up) = Running::find(&prepare::state(), NAME)? {
        bail!("a world named `{NAME}` is up already (pid {0}): end it first: kill {0}", up.pid);
    }
    let unpacked = folder.join("unpacked");
    archive::unpack(zip, &unpacked).context("the zip can not be unpacked")?;
    let wish = Wish { fast: true, timers: true, ..Wish::default() };
    let prepared = prepare::prepare_for(unpacked, wish)?;
    let start = Start { name: NAME.to_owned(), fast: true, kubeconfig: None, aloud: false };
    tour::run(World::start(&prepared, &start)?, true)
}
