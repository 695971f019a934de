//! What VS Code's server needs of an image: looked for as the CLI and the server do, and said in one sentence.
//!
//! The numbers are those of <https://code.visualstudio.com/docs/remote/linux>, of the CLI's `util/prereqs.rs` and of
//! the server's `check-requirements.sh`.

use std::fs;
use std::io::Read;
use std::path::Path;

/// A version of glibc.
type Glibc = (u32, u32);

const LEAST_GLIBC: Glibc = (2, 28);
/// `GLIBCXX_3.4.25` is in `libstdc++.so.6.0.25`: both count on together.
const LEAST_CXX: u32 = 25;

#[cfg(target_arch = "x86_64")]
const MUSL: &str = "lib/ld-musl-x86_64.so.1";
#[cfg(not(target_arch = "x86_64"))]
const MUSL: &str = "lib/ld-musl-aarch64.so.1";
/// Where distributions have their libraries, relative to the image's root.
#[cfg(target_arch = "x86_64")]
const LIBRARIES: [&str; 6] =
    ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64", "usr/lib", "lib"];
#[cfg(not(target_arch = "x86_64"))]
const LIBRARIES: [&str; 6] =
    ["usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu", "usr/lib64", "lib64", "usr/lib", "lib"];
/// Either makes the CLI ask for nothing: its own way out, and a distribution that has nothing at the usual places.
const UNASKED: [&str; 2] = ["tmp/vscode-skip-server-requirements-check", "etc/NIXOS"];

/// What was found in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `/bin/sh` and `/usr/bin/env`, which start the server.
    shell: bool,
    /// `ldd` and what lists the libraries, by which the CLI chooses a server.
    lists: bool,
    glibc: Option<Glibc>,
    /// The last number of `libstdc++.so.6.0.<n>`.
    cxx: Option<u32>,
    musl: bool,
    /// The CLI does not ask.
    unasked: bool,
}

impl Found {
    /// Looks at the image whose root is given.
    pub fn look(root: &Path) -> Self {
        let has = |path: &str| fs::metadata(root.join(path)).is_ok();
        let any = |paths: &[&str]| paths.iter().any(|path| has(path));
        let library = |name: &str| {
            LIBRARIES.iter().map(|folder| root.join(folder).join(name)).find(|path| path.exists())
        };
        Self {
            shell: has("bin/sh") && any(&["usr/bin/env", "bin/env"]),
            lists: any(&["usr/bin/ldd", "bin/ldd"]) && any(&["usr/lib64/libstdc++.so.6", "sbin/ldconfig"]),
            glibc: library("libc.so.6").and_then(|path| glibc_in(fs::File::open(path).ok()?)),
            cxx: library("libstdc++.so.6").and_then(|path| cxx_of(&fs::canonicalize(path).ok()?)),
            musl: has(MUSL),
            unasked: any(&UNASKED),
        }
    }
}

/// One sentence on what is missing; none if an editor will find what it needs.
pub fn missing(found: &Found) -> Option<String> {
    let Found { shell, lists, glibc, cxx, musl, unasked } = *found;
    let mut lacks: Vec<String> = Vec::new();
    if !shell {
        lacks.push("a shell (/bin/sh and /usr/bin/env)".into());
    }
    match (glibc, cxx) {
        _ if unasked => {}
        // the CLI takes the musl server wherever it can not take the other one
        (_, None) if musl => lacks.push("libstdc++ and libgcc".into()),
        _ if musl => {}
        (None, _) => {
            lacks.push("a C library (glibc 2.28 or later with libstdc++, or musl 1.2.3 or later)".into())
        }
        (Some(glibc), cxx) => {
            if glibc < LEAST_GLIBC {
                lacks.push(format!("glibc 2.28 or later (it has {}.{})", glibc.0, glibc.1));
            }
            match cxx {
                None => lacks.push("libstdc++ (GLIBCXX_3.4.25 or later)".into()),
                Some(number) if number < LEAST_CXX => {
                    lacks.push(format!("libstdc++ with GLIBCXX_3.4.25 or later (it has 3.4.{number})"));
                }
                Some(_) => {}
            }
            if !lists {
                lacks.push("`ldd` and `ldconfig`, by which the libraries are found".into());
            }
        }
    }
    let last = lacks.pop()?;
    let lacks = if lacks.is_empty() { last } else { format!("{} and {last}", lacks.join(", ")) };
    Some(format!(
        "an editor can not connect: this image lacks {lacks}. Start with another image, or add to this one what VS Code's \
         server needs (https://code.visualstudio.com/docs/remote/linux)"
    ))
}

/// glibc says its version in itself: `stable release version 2.36`.
fn glibc_in(mut library: impl Read) -> Option<Glibc> {
    const MARK: &[u8] = b"release version ";
    let (mut seen, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    // a piece at a time: the library is megabytes, and the agent's memory is the workspace's
    loop {
        let length = library.read(&mut piece).ok().filter(|length| *length > 0)?;
        seen.extend_from_slice(&piece[..length]);
        if let Some(at) = seen.windows(MARK.len()).position(|window| window == MARK) {
            let rest = &seen[at + MARK.len()..];
            if rest.len() > 16 || length < piece.len() {
                return version(rest);
            }
        }
        let keep = seen.len().saturating_sub(MARK.len() + 16);
        seen.drain(..keep);
    }
}

fn version(text: &[u8]) -> Option<Glibc> {
    let text: String = text.iter().map(|byte| char::from(*byte)).take(16).collect();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn cxx_of(library: &Path) -> Option<u32> {
    library.file_name()?.to_str()?.strip_prefix("libstdc++.so.6.0.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Found =
        Found { shell: true, lists: true, glibc: Some((2, 36)), cxx: Some(30), musl: false, unasked: false };
    const BARE: Found =
        Found { shell: false, lists: false, glibc: None, cxx: None, musl: false, unasked: false };

    #[test]
    fn what_an_image_lacks_is_one_sentence() {
        let musl = Found { shell: true, musl: true, ..BARE };
        let old = Found { glibc: Some((2, 17)), cxx: Some(19), ..GOOD };
        for (name, found, lacks) in [
            ("all there", GOOD, ""),
            ("just enough", Found { glibc: Some((2, 28)), cxx: Some(25), ..GOOD }, ""),
            (
                "nothing at all",
                BARE,
                "a shell (/bin/sh and /usr/bin/env) and a C library (glibc 2.28 or later with libstdc++, or musl \
                 1.2.3 or later)",
            ),
            ("musl alone", musl.clone(), "libstdc++ and libgcc"),
            ("musl", Found { cxx: Some(29), ..musl.clone() }, ""),
            ("musl, and an old glibc", Found { musl: true, ..old.clone() }, ""),
            (
                "an old distribution",
                old.clone(),
                "glibc 2.28 or later (it has 2.17) and libstdc++ with GLIBCXX_3.4.25 or later (it has 3.4.19)",
            ),
            ("no libstdc++", Found { cxx: None, ..GOOD }, "libstdc++ (GLIBCXX_3.4.25 or later)"),
            (
                "no shell, no libstdc++, no ldd",
                Found { shell: false, cxx: None, lists: false, ..GOOD },
                "a shell (/bin/sh and /usr/bin/env), libstdc++ (GLIBCXX_3.4.25 or later) and `ldd` and `ldconfig`, by \
                 which the libraries are found",
            ),
            ("not asked", Found { unasked: true, ..old }, ""),
            (
                "not asked, but no shell",
                Found { unasked: true, ..BARE },
                "a shell (/bin/sh and /usr/bin/env)",
            ),
        ] {
            let expected =
                (!lacks.is_empty()).then(|| format!("this image lacks {lacks}. Start with another"));
            let says = missing(&found);
            match expected {
                None => assert_eq!(says, None, "{name}"),
                Some(expected) => {
                    assert!(says.clone().is_some_and(|says| says.contains(&expected)), "{name}: {says:?}")
                }
            }
        }
    }

    #[test]
    fn versions_are_read_from_libraries() {
        let glibc = |before: usize, text: &str| {
            glibc_in([vec![b'x'; before].as_slice(), text.as_bytes(), &[0; 100]].concat().as_slice())
        };
        let text = "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright";
        // across the end of a piece, too
        for before in [0, 65_480, 65_500, 65_520, 65_536, 200_000] {
            assert_eq!(glibc(before, text), Some((2, 36)), "{before}");
        }
        assert_eq!(glibc(0, "development release version 2.42.9000."), Some((2, 42)));
        assert_eq!(glibc(0, "release version 2.28"), Some((2, 28)));
        assert_eq!(glibc(9, "no such words"), None);
        assert_eq!(cxx_of(Path::new("/usr/lib/libstdc++.so.6.0.25")), Some(25));
        assert_eq!(cxx_of(Path::new("/usr/lib/libstdc++.so.6")), None);
    }

    #[test]
    fn an_empty_image_and_a_distribution_are_seen_as_what_they_are() {
        let root = std::env::temp_dir().join(format!("dcaas-needs-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        assert_eq!(Found::look(&root), BARE);
        for file in
            ["bin/sh", "usr/bin/env", "usr/bin/ldd", "sbin/ldconfig", "usr/lib64/libstdc++.so.6.0.28", MUSL]
        {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("libstdc++.so.6.0.28", root.join("usr/lib64/libstdc++.so.6")).unwrap();
        fs::write(root.join("usr/lib64/libc.so.6"), "release version 2.31 of something").unwrap();
        let expected = Found { glibc: Some((2, 31)), cxx: Some(28), musl: true, ..GOOD };
        assert_eq!(Found::look(&root), expected);
        fs::remove_dir_all(root).unwrap();
    }
}
