//! The Dockerfiles: no finding of hadolint, everything from outside pinned, and the paths that the pod is started with.

use std::fs;
use std::process::Command;

use super::{folder, has, search_path};

const DOCKERFILES: [&str; 2] = ["platform.Dockerfile", "workspace.Dockerfile"];

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

#[test]
fn hadolint_finds_nothing() {
    if !has("hadolint") {
        return;
    }
    let mut hadolint = Command::new("hadolint");
    hadolint.args(["--no-color", "--failure-threshold", "style"]).args(DOCKERFILES);
    let found = hadolint.current_dir(folder()).env("PATH", search_path()).output().unwrap();
    let said = String::from_utf8_lossy(&found.stdout) + String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success() && said.is_empty(), "{said}");
    // and it is one that finds something
    let odd = super::scratch("hadolint").join("Dockerfile");
    fs::write(&odd, "FROM debian\nRUN apt-get install curl\n").unwrap();
    let found = Command::new("hadolint").arg(&odd).env("PATH", search_path()).output().unwrap();
    assert!(!found.status.success());
}

#[test]
fn what_comes_from_outside_is_pinned() {
    for name in DOCKERFILES {
        let text = read(name);
        for line in text.lines() {
            let base = line.strip_prefix("ARG ").and_then(|rest| Some(rest.split_once('=')?.1));
            assert!(base.is_none_or(|base| base.contains("@sha256:")), "{name}: by digest: {line}");
            assert!(!line.starts_with("ADD "), "{name}: without a checksum: {line}");
            let from =
                line.strip_prefix("FROM ").is_none_or(|from| from == "scratch" || from.starts_with("${"));
            assert!(from, "{name}: name it in an ARG: {line}");
        }
        assert_eq!(text.matches("curl --fail").count(), text.matches("sha256sum --check").count(), "{name}");
        assert_eq!(text.matches("pip install").count(), text.matches("--require-hashes").count(), "{name}");
    }
    let toolchain = fs::read_to_string(folder().join("../../rust-toolchain.toml")).unwrap();
    let version =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let platform = read("platform.Dockerfile");
    assert!(platform.contains(&format!("ARG RUST=rust:{version}-")), "the pinned toolchain is {version}");
    assert!(platform.contains(&format!("RUSTUP_TOOLCHAIN={version}\n")), "the pinned toolchain is {version}");
}

#[test]
fn the_platforms_image_is_what_the_pod_is_started_with() {
    let platform = read("platform.Dockerfile");
    let tree = format!("infra/image/tree /tree{0} {0} ", dcaas::pod::PLATFORM);
    assert!(platform.contains(&tree), "{tree}");
    assert!(platform.contains(&format!("/tree{}/{}", dcaas::pod::PLATFORM, dcaas::pod::AUTHORITIES)));
    let program = &dcaas::pod::install_command()[0];
    assert!(platform.contains(&format!("ENTRYPOINT [\"{program}\"]")), "{program}");
    let workspace = read("workspace.Dockerfile");
    assert!(workspace.contains(&format!("WORKDIR {}\n", dcaas::pod::HOME)));
}
