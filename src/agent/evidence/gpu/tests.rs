//! The GPU's signal against a stand-in of NVIDIA's library, and against a real card where there is one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::Utc;

use super::*;

/// The management library as far as the signal calls it. Signatures and numbers: NVML API Reference; 0 is success,
/// 3 NVML_ERROR_NOT_SUPPORTED, 15 NVML_ERROR_GPU_IS_LOST.
const STAND_IN: &str = r#"
#include <stdio.h>
static int text(const char *name, unsigned index, int none) {
    char path[4096]; int number = none;
    snprintf(path, sizeof path, "%s/%s%u", FOLDER, name, index);
    FILE *file = fopen(path, "r");
    if (file) { if (fscanf(file, "%d", &number) != 1) number = none; fclose(file); }
    return number;
}
int nvmlInit_v2(void) { return text("init", 0, 0); }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { (void)code; return "an error"; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = text("count", 0, 1); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)(unsigned long)(index + 1); return 0; }
typedef struct { unsigned gpu, memory; } rates;
int nvmlDeviceGetUtilizationRates(void *device, rates *rates) {
    unsigned index = (unsigned)(unsigned long)device - 1;
    rates->gpu = text("gpu", index, 0); rates->memory = 0;
    return text("error", index, 0);
}
"#;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dcaas-gpu-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("dev")).unwrap();
    folder
}

fn read(gpu: &mut Gpu) -> Result<Option<Reading>, String> {
    let mut look = Look::default();
    look.renew(Utc::now());
    gpu.read(&look)
}

#[test]
fn without_a_gpu_there_is_no_signal_and_one_that_was_promised_is_unknown() {
    let folder = folder("none");
    let no_driver = Err("there is no NVIDIA driver in this container".to_owned());
    let table = [
        (None, "", Ok(None)),
        // what images have in their environment, on whatever machine
        (Some("all"), "", Ok(None)),
        (Some("void"), "", Ok(None)),
        (Some(""), "nvidiactl", Ok(None)),
        (Some("GPU-5f3c"), "", no_driver.clone()),
        (None, "nvidia0", no_driver.clone()),
        (Some("all"), "nvidia11", no_driver),
    ];
    for (visible, device, expected) in table {
        let devices = folder.join("dev");
        fs::remove_dir_all(&devices).unwrap();
        fs::create_dir(&devices).unwrap();
        if !device.is_empty() {
            fs::write(devices.join(device), "").unwrap();
        }
        let mut gpu = Gpu::at(vec![folder.join("no.so")], devices, visible.map(Into::into));
        assert_eq!(read(&mut gpu), expected, "{visible:?} {device}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn one_busy_gpu_is_enough_and_what_can_not_be_read_is_unknown() {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler for the stand-in of NVIDIA's library");
        return;
    }
    let folder = folder("stand-in");
    let (source, library) = (folder.join("nvml.c"), folder.join("libnvidia-ml.so.1"));
    fs::write(&source, STAND_IN).unwrap();
    let define = format!("-DFOLDER=\"{}\"", folder.display());
    let built =
        Command::new("cc").args(["-shared", "-fPIC", &define, "-o"]).arg(&library).arg(&source).status();
    assert!(built.unwrap().success());
    let devices = folder.join("dev");
    fs::write(devices.join("nvidia0"), "").unwrap();
    let say = |name: &str, number: u32| fs::write(folder.join(name), number.to_string()).unwrap();
    let open = || Gpu::at(vec!["no.so".into(), library.clone()], devices.clone(), None);

    say("init0", 9);
    assert!(read(&mut open()).unwrap_err().contains("can not be asked"));
    say("init0", 0);
    say("count0", 0);
    assert!(read(&mut open()).unwrap_err().contains("sees no GPU"));
    say("count0", 2);
    // share of each, error of each, seen, value or why
    let table = [
        ([0, 0], [0, 0], Some(false), "0 %, 0 %"),
        ([0, 87], [0, 0], Some(true), "0 %, 87 %"),
        ([4, 0], [0, 0], Some(false), "4 %, 0 %"),
        ([5, 0], [0, 0], Some(true), "5 %, 0 %"),
        ([60, 0], [0, 15], Some(true), "60 %"),
        ([0, 0], [0, 15], None, "GPU 1 can not be read"),
        ([0, 0], [3, 3], None, "GPU 1 can not be read"),
        ([0, 9], [0, 0], Some(true), "0 %, 9 %"),
    ];
    let mut gpu = open();
    for (shares, errors, seen, words) in table {
        for index in 0..2 {
            say(&format!("gpu{index}"), shares[index]);
            say(&format!("error{index}"), errors[index]);
        }
        let reading = read(&mut gpu);
        let found = reading.as_ref().ok().map(|reading| reading.as_ref().unwrap().used.is_some());
        let said = reading.map_or_else(|why| why, |reading| reading.unwrap().value);
        assert!(found == seen && said.starts_with(words), "{shares:?} {errors:?}: {found:?} {said}");
    }

    // a little, and a process of the workspace has it open
    [("gpu0", 1), ("gpu1", 0)].iter().for_each(|(name, share)| say(name, *share));
    assert_eq!(read(&mut gpu).unwrap().unwrap().used, None);
    let card = fs::File::open(devices.join("nvidia0")).unwrap();
    let mut holder = Command::new("sleep").arg("600").stdin(card).spawn().unwrap();
    assert!(read(&mut gpu).unwrap().unwrap().used.is_some());
    say("gpu0", 0);
    assert_eq!(read(&mut gpu).unwrap().unwrap().used, None, "held open and idle");
    holder.kill().unwrap();
    holder.wait().unwrap();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn many_gpus_are_said_in_few_words() {
    assert_eq!(said(&[1, 2, 3]), "1 %, 2 %, 3 %");
    assert_eq!(said(&[0, 0, 87, 0, 0, 0, 0, 3]), "87 %, the busiest of 8");
}

/// Looks at the real card until its reading is as wanted.
#[expect(clippy::disallowed_methods, reason = "a thread of its own waits here, no runtime")]
fn until(gpu: &mut Gpu, what: &str, wanted: impl Fn(&Reading) -> bool) -> Reading {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let reading = read(gpu).unwrap().unwrap();
        if wanted(&reading) {
            return reading;
        }
        assert!(Instant::now() < end, "not within 60 s: {what}; last {reading:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_real_card_is_told_busy_from_idle() {
    if !has_device(Path::new("/dev")) {
        eprintln!("skipped: this machine has no GPU");
        return;
    }
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no Python to keep this machine's GPU busy with");
        return;
    }
    let mut gpu = Gpu::here();
    // whoever used it before may have ended only just now
    let idle = until(&mut gpu, "an idle card", |reading| reading.used.is_none());
    assert!(idle.value.contains('%'), "{idle:?}");
    let mut computes = Command::new("python3")
        .args(["-c", include_str!("busy.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(computes.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "computes\n");
    until(&mut gpu, "a busy card", |reading| reading.used.is_some());
    drop(computes.stdin.take());
    assert!(computes.wait().unwrap().success());
    until(&mut gpu, "an idle card again", |reading| reading.used.is_none());
}
