//! The GPUs: any above its threshold, or busy at all while a process of the workspace has one open.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nvml_wrapper::{Nvml, error::NvmlError};
use procfs::process::FDTarget;

use super::processes::{Look, Process, Processes};
use super::signal::{Reading, Signal};

/// Per cent of the driver's last sample, from which on it is work.
const BUSY: u32 = 5;
/// Under these names the container runtimes bring the driver's library in.
const LIBRARIES: [&str; 5] = [
    "libnvidia-ml.so.1",
    "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
    "/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
    "/usr/lib64/libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
];
/// What the device plugin says which GPUs are this container's.
const VISIBLE: &str = "NVIDIA_VISIBLE_DEVICES";

/// The signal `gpu`.
pub struct Gpu {
    libraries: Vec<PathBuf>,
    devices: PathBuf,
    /// A GPU was promised to this container, whether there is one or not.
    promised: bool,
    driver: Option<Nvml>,
}

impl Gpu {
    /// Of this container.
    pub fn here() -> Self {
        Self::at(LIBRARIES.map(PathBuf::from).into(), "/dev".into(), std::env::var_os(VISIBLE))
    }

    fn at(libraries: Vec<PathBuf>, devices: PathBuf, visible: Option<OsString>) -> Self {
        // images have `all`, whatever machine they run on; the device plugin names each GPU
        let promised =
            visible.is_some_and(|visible| !["", "all", "none", "void"].iter().any(|no| visible == *no));
        Self { libraries, devices, promised, driver: None }
    }

    fn look(&mut self, look: &Look) -> Result<Reading, String> {
        let driver = match self.driver.take() {
            Some(driver) => driver,
            None => open(&self.libraries)?,
        };
        let count =
            driver.device_count().map_err(|error| format!("the NVIDIA driver can not tell: {error}"))?;
        if count == 0 {
            return Err("the NVIDIA driver sees no GPU".into());
        }
        let mut shares = Vec::new();
        let (mut why, mut broken) = (None, false);
        for index in 0..count {
            let share = driver.device_by_index(index).and_then(|gpu| gpu.utilization_rates());
            match share {
                Ok(share) => shares.push(share.gpu),
                Err(error) => {
                    broken |= !matches!(error, NvmlError::NotSupported);
                    why = Some(format!("GPU {index} can not be read: {error}"));
                }
            }
        }
        if !broken {
            self.driver = Some(driver);
        }
        let most = shares.iter().copied().max().unwrap_or(0);
        let used = most >= BUSY || most > 0 && holds_one(look.processes()?, &self.devices);
        match why {
            // one that works is enough, whatever the others are like
            Some(why) if !used => Err(why),
            _ => Ok(Reading::now(look, used, said(&shares))),
        }
    }
}

impl Signal for Gpu {
    fn name(&self) -> &'static str {
        "gpu"
    }

    /// None in a container without a GPU that was not promised one: nothing about it is unknown.
    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        if !self.promised && !has_device(&self.devices) {
            return Ok(None);
        }
        self.look(look).map(Some)
    }
}

fn open(libraries: &[PathBuf]) -> Result<Nvml, String> {
    let mut why = "there is no NVIDIA driver in this container".to_owned();
    for library in libraries {
        match Nvml::builder().lib_path(library.as_os_str()).init() {
            Ok(driver) => return Ok(driver),
            Err(NvmlError::LibloadingError(_)) => {}
            Err(error) => why = format!("the NVIDIA driver can not be asked: {error}"),
        }
    }
    Err(why)
}

fn has_device(devices: &Path) -> bool {
    let mut names = std::fs::read_dir(devices).into_iter().flatten().filter_map(|entry| entry.ok());
    names.any(|entry| is_gpu(&entry.path()))
}

/// `/dev/nvidia0`, not `/dev/nvidiactl`, which everybody opens who only asks.
fn is_gpu(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.strip_prefix("nvidia"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The driver's own list has the machine's process numbers, which mean nothing here.
fn holds_one(processes: &Processes, devices: &Path) -> bool {
    let opened = |path: &Path| path.parent() == Some(devices) && is_gpu(path);
    let mut open = processes.work().flat_map(Process::open);
    open.any(|file| matches!(&file, FDTarget::Path(path) if opened(path)))
}

fn said(shares: &[u32]) -> String {
    match shares {
        [_, _, _, _, ..] => {
            format!("{} %, the busiest of {}", shares.iter().max().unwrap_or(&0), shares.len())
        }
        few => few.iter().map(|share| format!("{share} %")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests;
