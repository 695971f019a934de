//! The programs a world is built and run with; each missing one is named with the command that installs it.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// A program that must be there.
struct Tool {
    program: &'static str,
    version: &'static [&'static str],
    /// The least version: major and minor.
    least: (u32, u32),
    name: &'static str,
    why: &'static str,
    install: &'static str,
}

const TOOLS: [Tool; 6] = [
    Tool {
        program: "go",
        version: &["version"],
        least: (1, 26),
        name: "Go 1.26",
        why: "compiles the Kubernetes control plane",
        install: "curl -fL https://go.dev/dl/go1.26.8.linux-$(dpkg --print-architecture).tar.gz | sudo tar -C /usr/local -xz \
                  && export PATH=/usr/local/go/bin:$PATH",
    },
    Tool {
        program: "node",
        version: &["--version"],
        least: (20, 0),
        name: "Node.js 20",
        why: "runs Azurite, the storage emulator, and drives a browser",
        install: "curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install -y nodejs",
    },
    Tool {
        program: "npm",
        version: &["--version"],
        least: (0, 0),
        name: "npm",
        why: "installs Azurite, and what drives a browser",
        install: "sudo apt-get install -y npm",
    },
    Tool {
        program: "cargo",
        version: &["--version"],
        least: (1, 95),
        name: "Rust 1.95",
        why: "compiles dcaas",
        install: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"$HOME/.cargo/env\"",
    },
    Tool {
        program: "cc",
        version: &["--version"],
        least: (0, 0),
        name: "a C compiler",
        why: "compiles the TLS library's assembler",
        install: "sudo apt-get install -y gcc libc6-dev",
    },
    Tool {
        program: "setpriv",
        version: &["--version"],
        least: (2, 33),
        name: "setpriv (util-linux 2.33)",
        why: "lets no process outlive the world",
        install: "sudo apt-get install -y util-linux",
    },
];

/// The one command that installs these packages of Debian's and Ubuntu's, if there are any.
pub fn installs<'a>(packages: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut packages: Vec<&str> = packages.collect();
    packages.dedup();
    (!packages.is_empty())
        .then(|| format!("sudo apt-get install -y --no-install-recommends {}", packages.join(" ")))
}

/// Fails with all that is missing, and what to do about it.
pub fn check() -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!(
            "the world needs Linux: open this repository in its dev container (.devcontainer) or a Linux machine"
        );
    }
    let missing: Vec<String> = TOOLS
        .iter()
        .filter_map(|tool| missing(tool, output(tool.program, tool.version).as_deref()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("The world needs what is not here:\n\n{}\nThen run the same command again.", missing.join("\n"))
}

/// The version words of a program; its stamp for what it builds.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn missing(tool: &Tool, output: Option<&str>) -> Option<String> {
    let found = match output {
        None => "not found".to_owned(),
        Some(text) => match version(text) {
            // A program that answers without a version we can read is there: let it try.
            None => return None,
            Some(version) if version >= tool.least => return None,
            Some((major, minor)) => format!("found {major}.{minor}"),
        },
    };
    Some(format!("  {} ({found}): {}\n      {}\n", tool.name, tool.why, tool.install))
}

/// The first `major.minor` of a text such as `go version go1.26.8 linux/amd64`.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let mut numbers = word.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_say() {
        for (text, expected) in [
            ("go version go1.26.8 linux/amd64", Some((1, 26))),
            ("v20.20.2", Some((20, 20))),
            ("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", Some((1, 95))),
            ("setpriv from util-linux 2.38.1", Some((2, 38))),
            ("no version at all", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }

    #[test]
    fn an_old_or_absent_tool_is_named_with_its_remedy() {
        let go = &TOOLS[0];
        assert_eq!(missing(go, Some("go version go1.26.0 linux/amd64")), None);
        let old = missing(go, Some("go version go1.19.8 linux/amd64")).unwrap();
        assert!(old.contains("found 1.19") && old.contains("/usr/local"), "{old}");
        assert!(missing(go, None).unwrap().contains("not found"));
    }
}
