//! `dcaas-check-gpu`: its sentences and its exit codes, here and against a stand-in of NVIDIA's libraries.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{folder, has, scratch};

/// What it says and how it ends, with the libraries of a folder and one fault.
fn check(libraries: &Path, fault: &str) -> (i32, String) {
    let output = Command::new("python3")
        .arg(folder().join("dcaas-check-gpu"))
        .env("LD_LIBRARY_PATH", libraries)
        .env("FAULT", fault)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said)
}

#[test]
fn without_a_gpu_it_says_so_and_what_to_do() {
    if !has("python3") {
        return;
    }
    if Path::new("/dev/nvidiactl").exists() {
        eprintln!("skipped: this machine has a GPU");
        return;
    }
    let (code, said) = check(&scratch("no-gpu"), "");
    assert_eq!(code, 2, "{said}");
    assert!(said.starts_with("  ✗ There is no NVIDIA driver in this container, so it has no GPU."), "{said}");
    assert!(said.contains("Start your workspace with a profile that has one"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn each_fault_is_a_sentence_and_an_exit_code() {
    if !(has("python3") && has("cc")) {
        return;
    }
    let libraries = scratch("nvidia");
    let first = libraries.join("libnvidia-ml.so.1");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"])
        .arg(&first)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/image/nvidia.c"))
        .status();
    assert!(built.unwrap().success());
    for name in ["libcuda.so.1", "libcudart.so.12", "libcudnn.so.9"] {
        fs::hard_link(&first, libraries.join(name)).unwrap();
    }
    let (code, said) = check(&libraries, "");
    assert_eq!(code, 0, "{said}");
    for words in [
        "✓ driver    580.95.05, for CUDA up to 13.0",
        "✓ GPU 0     Stand-in T4, 16.0 GiB, 15.0 GiB of it free",
        "✓ CUDA      12.8 (libcudart.so.12)",
        "✓ cuDNN     9.8.0 (libcudnn.so.9)",
        "✓ computes  1048576 sums on the GPU, all right",
        "The GPU works.",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    for (fault, code, words) in [
        (
            "nvmlInit",
            1,
            "The driver does not answer when it is asked to begin: Driver Not Loaded. Stop and start",
        ),
        ("nvmlDeviceGetCount", 2, "no GPU was given to this container"),
        ("cuInit", 1, "The GPU fails when it is asked to begin: unknown error"),
        ("cuMemAlloc", 1, "The GPU fails when memory is taken: out of memory"),
        ("cuCtxSynchronize", 1, "The GPU fails when it computes"),
        ("sum", 1, "1 of 1048576 sums that the GPU made are wrong"),
        ("cudnn8", 0, "cuDNN     8.9.7"),
    ] {
        let (ended, said) = check(&libraries, fault);
        assert!(ended == code && said.contains(words), "{fault}: {ended} {said}");
    }
    let replace = |name: &str, with: &str| {
        fs::remove_file(libraries.join(name)).unwrap();
        if !with.is_empty() {
            fs::write(libraries.join(name), with).unwrap();
        }
    };
    replace("libcudnn.so.9", "");
    replace("libcudart.so.12", "half a file");
    let (code, said) = check(&libraries, "");
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("CUDA's library can not be loaded"), "{said}");
    assert!(said.contains("cuDNN's library (libcudnn.so) is not in this image"), "{said}");
    assert!(said.contains("The GPU works, but a library is missing."), "{said}");
    replace("libcuda.so.1", "");
    let (code, said) = check(&libraries, "");
    assert!(code == 1 && said.contains("libcuda.so.1 is not there"), "{code} {said}");
}
