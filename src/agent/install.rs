//! `dcaas install`: copies the platform's tree into the pod, and sees to the home. A run after half a run makes it whole.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

mod home;

/// The command line of `dcaas install`; `pod::install_command` writes it.
#[derive(Debug, Clone, clap::Args)]
pub struct InstallArguments {
    /// The tree in the platform's image [default: the one that this program lies in]
    #[arg(long)]
    from: Option<PathBuf>,
    /// Where the workspace finds it
    #[arg(long)]
    to: PathBuf,
    /// The home disk, to be made writable for the workspace's user
    #[arg(long)]
    home: Option<PathBuf>,
}

/// Copies the tree, and sees to the home.
pub fn install(arguments: InstallArguments) -> anyhow::Result<()> {
    copy(arguments.from, &arguments.to)?;
    for says in arguments.home.iter().flat_map(|home| home::prepare(home)) {
        println!("dcaas: {says}");
    }
    Ok(())
}

fn copy(from: Option<PathBuf>, to: &Path) -> anyhow::Result<()> {
    let from = from.map_or_else(own_tree, Ok)?;
    let source = fs::canonicalize(&from).with_context(|| {
        format!("{} is not there: the platform's image must have the tree", from.display())
    })?;
    if !source.is_dir() {
        bail!("{} is not a folder: the platform's image must have the tree there", from.display());
    }
    fs::create_dir_all(to).map_err(|error| explain(to, error))?;
    let target = fs::canonicalize(to)?;
    if target.starts_with(&source) {
        bail!("{} lies in {}: give a folder outside of it", to.display(), from.display());
    }
    copy_folder(&source, &target)
}

/// The tree that this program lies in, as `bin/dcaas`.
fn own_tree() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("this program does not know where it lies")?;
    let tree = program.parent().and_then(Path::parent);
    Ok(tree.context("this program does not lie in a tree: name it with --from")?.to_owned())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !fs::symlink_metadata(to).is_ok_and(|kind| kind.is_dir()) {
        clear(to)?;
        fs::create_dir(to).map_err(|error| explain(to, error))?;
    }
    for entry in fs::read_dir(from).with_context(|| format!("{} can not be read", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&source, &target)?;
        } else if kind.is_symlink() {
            copy_link(&source, &target)?;
        } else if kind.is_file() {
            copy_file(&source, &target)?;
        } else {
            bail!("{} is no file, folder or link: the platform's tree has only those", source.display());
        }
    }
    // last: a folder that is not writable must be filled first
    let mode = fs::symlink_metadata(from)?.mode() & 0o7777;
    if fs::symlink_metadata(to)?.mode() & 0o7777 != mode {
        // a mounted volume's own folder may belong to somebody else; its mode is the kubelet's business
        let _ = fs::set_permissions(to, fs::Permissions::from_mode(mode));
    }
    Ok(())
}

/// Under another name first: what stands under the right name is whole, and a program that runs is not written to.
fn copy_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    let partial = partial(to);
    clear(&partial)?;
    fs::copy(from, &partial).map_err(|error| explain(to, error))?;
    put(&partial, to)
}

fn copy_link(from: &Path, to: &Path) -> anyhow::Result<()> {
    let partial = partial(to);
    clear(&partial)?;
    symlink(fs::read_link(from)?, &partial).map_err(|error| explain(to, error))?;
    put(&partial, to)
}

fn put(partial: &Path, to: &Path) -> anyhow::Result<()> {
    if fs::symlink_metadata(to).is_ok_and(|kind| kind.is_dir()) {
        clear(to)?;
    }
    fs::rename(partial, to).map_err(|error| explain(to, error))
}

fn partial(to: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".partial-");
    name.push(to.file_name().unwrap_or_default());
    to.with_file_name(name)
}

fn clear(path: &Path) -> anyhow::Result<()> {
    let cleared = match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    cleared.map_err(|error| explain(path, error))
}

fn explain(path: &Path, error: io::Error) -> anyhow::Error {
    let next = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "there is no space left: raise the volume's size limit or the node's ephemeral storage"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "it is not writable: mount the volume `platform` there, writable for the init container's user"
        }
        _ => "the platform's tree can not be copied",
    };
    anyhow::Error::new(error).context(format!("{}: {next}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes with the test.
    pub struct Folder(pub PathBuf);

    impl Folder {
        pub fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("dcaas-install-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn tree(folder: &Folder) -> (PathBuf, PathBuf) {
        let from = folder.0.join("from");
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::create_dir_all(from.join("lib/empty")).unwrap();
        fs::write(from.join("bin/dcaas"), "program").unwrap();
        fs::set_permissions(from.join("bin/dcaas"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(from.join("lib/a"), vec![7; 100_000]).unwrap();
        fs::set_permissions(from.join("lib/a"), fs::Permissions::from_mode(0o444)).unwrap();
        symlink("a", from.join("lib/b")).unwrap();
        symlink("/nowhere", from.join("lib/c")).unwrap();
        (from, folder.0.join("to"))
    }

    fn check(to: &Path) {
        let mode = |path: &str| fs::metadata(to.join(path)).unwrap().mode() & 0o7777;
        assert_eq!(fs::read_to_string(to.join("bin/dcaas")).unwrap(), "program");
        assert_eq!((mode("bin/dcaas"), mode("lib/a")), (0o755, 0o444));
        assert_eq!(fs::read(to.join("lib/b")).unwrap(), vec![7; 100_000]);
        assert_eq!(fs::read_link(to.join("lib/c")).unwrap(), Path::new("/nowhere"));
        let names = |path: &str| fs::read_dir(to.join(path)).unwrap().count();
        assert_eq!((names(""), names("bin"), names("lib"), names("lib/empty")), (2, 1, 4, 0));
    }

    #[test]
    fn a_tree_is_copied_and_copied_again_and_half_a_copy_is_made_whole() {
        let folder = Folder::new("again");
        let (from, to) = tree(&folder);
        let run = || copy(Some(from.clone()), &to);
        run().unwrap();
        check(&to);
        run().unwrap();
        check(&to);
        // half a file under its other name, half a file under the right one, and things of another kind
        fs::write(to.join("bin/.partial-dcaas"), "pro").unwrap();
        fs::remove_file(to.join("lib/a")).unwrap();
        fs::create_dir_all(to.join("lib/a/b")).unwrap();
        fs::write(to.join("bin/dcaas"), "pro").unwrap();
        fs::remove_dir(to.join("lib/empty")).unwrap();
        symlink("/", to.join("lib/empty")).unwrap();
        fs::remove_file(to.join("lib/c")).unwrap();
        run().unwrap();
        check(&to);
    }

    #[test]
    fn what_can_not_be_done_is_said_with_the_next_step() {
        let folder = Folder::new("errors");
        let (from, to) = tree(&folder);
        let run = |from: &Path, to: &Path| {
            let error = copy(Some(from.into()), to).unwrap_err();
            format!("{error:#}")
        };
        assert!(run(&folder.0.join("none"), &to).contains("the platform's image must have the tree"));
        assert!(run(&from.join("lib/a"), &to).contains("is not a folder"));
        assert!(run(&from, &from.join("x")).contains("give a folder outside of it"));
        assert!(run(&from, &from.join("lib/a/x")).contains("lib/a/x"));
        assert!(explain(&to, ErrorKind::StorageFull.into()).to_string().contains("no space left"));
        assert!(explain(&to, ErrorKind::PermissionDenied.into()).to_string().contains("not writable"));
    }
}
