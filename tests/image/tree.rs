//! The platform's tree, made by the same script as for the image, in roots that have nothing or the wrong things.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::{folder, has, is_root, scratch, search_path};

/// Where the tree lies in a root.
const PLACE: &str = "opt/dcaas";
/// Where distributions have their libraries.
const FOLDERS: [&str; 4] = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "usr/lib"];

/// Makes a tree for programs that will find it at `at`.
fn make(tree: &Path, at: &Path) {
    let dcaas = Path::new(env!("CARGO_BIN_EXE_dcaas"));
    let code = dcaas.with_file_name("code");
    assert!(code.exists(), "{} is missing: cargo build -p sandbox --bin code", code.display());
    let mut script = Command::new(folder().join("tree"));
    script.args([tree, at, dcaas, &code]).env("PATH", search_path());
    let made = script.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A root with the tree in it and nothing else; none, with a sentence, where it can not be made or entered.
pub fn root(name: &str) -> Option<PathBuf> {
    static TREE: OnceLock<PathBuf> = OnceLock::new();
    if !(is_root() && has("patchelf") && has("chroot")) {
        return None;
    }
    let tree = TREE.get_or_init(|| {
        let tree = scratch("tree");
        make(&tree, &Path::new("/").join(PLACE));
        fs::write(tree.join("ca.pem"), "certificates").unwrap();
        tree
    });
    let root = scratch(name);
    let copied = Command::new("cp").arg("-al").arg(tree).arg(root.join("tree")).status().unwrap();
    assert!(copied.success());
    fs::create_dir_all(root.join("opt")).unwrap();
    fs::rename(root.join("tree"), root.join(PLACE)).unwrap();
    Some(root)
}

/// `chroot` with nothing in the environment.
pub fn chroot(root: &Path) -> Command {
    chroot_as(root, 0)
}

/// `chroot` as a user, who is in the home's group as a container runtime puts everybody in it for `fsGroup`.
pub fn chroot_as(root: &Path, user: u32) -> Command {
    let mut command = Command::new("chroot");
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
    command.args([format!("--userspec={user}:{user}"), format!("--groups={}", dcaas::pod::HOME_GROUP)]);
    command.arg(root);
    command
}

/// What the init container does, in a root. A container has /proc, where the program finds its own tree; here it is told.
pub fn install(root: &Path) -> Output {
    chroot(root).args(dcaas::pod::install_command()).args(["--from", dcaas::pod::PLATFORM]).output().unwrap()
}

fn run(root: &Path, arguments: &str) -> Output {
    chroot(root).args(arguments.split(' ')).output().unwrap()
}

#[track_caller]
fn says(output: &Output, words: &str) {
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && out.contains(words), "{out}{error}");
}

#[test]
fn the_programs_start_where_there_is_nothing_else() {
    let Some(root) = root("empty") else { return };
    let found: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(found, ["opt"]);
    says(&run(&root, "/opt/dcaas/bin/dcaas --version"), "dcaas ");
    says(&run(&root, "/opt/dcaas/bin/dcaas agent --help"), "--tunnel");
    says(&run(&root, "/opt/dcaas/bin/code --version"), "code ");
    let mut plain = chroot(&root);
    fs::copy(env!("CARGO_BIN_EXE_dcaas"), root.join("plain")).unwrap();
    assert!(!plain.args(["/plain", "--version"]).output().unwrap().status.success(), "the root is not empty");
}

#[test]
fn a_copy_that_install_made_starts_in_another_image() {
    let Some(platform) = root("platform") else { return };
    fs::create_dir_all(platform.join("mnt")).unwrap();
    fs::create_dir_all(platform.join("home/dev")).unwrap();
    says(&install(&platform), "");
    let image = scratch("other-image");
    fs::create_dir_all(image.join("opt")).unwrap();
    fs::rename(platform.join("mnt/platform"), image.join(PLACE)).unwrap();
    says(&run(&image, "/opt/dcaas/bin/dcaas --version"), "dcaas ");
    assert_eq!(fs::read_to_string(image.join("opt/dcaas/ca.pem")).unwrap(), "certificates");
}

#[test]
fn another_images_libraries_are_not_touched() {
    let Some(root) = root("foreign") else { return };
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder)).unwrap();
        for library in ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libdl.so.2", "ld-linux-x86-64.so.2"] {
            fs::write(root.join(folder).join(library), "of another C library").unwrap();
        }
    }
    symlink("/lib64/libc.so.6", root.join("lib/ld-musl-x86_64.so.1")).unwrap();
    says(&run(&root, "/opt/dcaas/bin/dcaas --version"), "dcaas ");
    // NVIDIA's images set this, and a library of theirs must not come before ours
    let mut with_path = chroot(&root);
    with_path.args(["/opt/dcaas/bin/dcaas", "--version"]).env("LD_LIBRARY_PATH", "/lib64:/usr/lib");
    says(&with_path.output().unwrap(), "dcaas ");
}

#[test]
fn the_programs_load_only_what_was_brought() {
    if !has("patchelf") {
        return;
    }
    let tree = scratch("own-libraries");
    make(&tree, &tree);
    for program in ["dcaas", "code"] {
        let mut command = Command::new(tree.join("bin").join(program));
        // what ldd does: the loader lists what it would load
        let listed = command.env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let loaded: Vec<_> = listed.lines().filter(|line| line.contains('/')).collect();
        assert!(!loaded.is_empty());
        for line in loaded {
            assert!(line.contains(&*tree.to_string_lossy()), "{program}: {line}");
        }
    }
    says(&Command::new(tree.join("bin/dcaas")).arg("--version").output().unwrap(), "dcaas ");
}
