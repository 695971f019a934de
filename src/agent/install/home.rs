//! The home disk, made writable for whatever user the image has; in the init container, as root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown};
use std::path::Path;

use crate::agent::image::Owner;
use crate::pod;

/// Read, write, enter and hand down for the group.
const GROUP_BITS: u32 = 0o2070;

/// Gives the home's root to the group that every container is in, and what another user left to the one whose
/// home it is. Says what it did and what it could not do: neither is a reason not to start.
pub fn prepare(home: &Path) -> Vec<String> {
    let mut says = Vec::new();
    if let Err(error) = open_to_group(home) {
        says.push(format!("{} can not be given to group {}: {error}", home.display(), pod::HOME_GROUP));
    }
    let Some(owner) = Owner::read(home).filter(|owner| !owner.others.is_empty()) else {
        return says;
    };
    let mut handed = Handed::default();
    handed.over(home, &owner);
    says.push(format!("{} files and folders of the home were handed to user {}", handed.done, owner.user));
    match handed.failed {
        // asked for again at the next start
        Some(error) => says.push(format!("the rest was not: {error}")),
        None => {
            if let Err(error) = Owner::alone(owner.user).write(home) {
                says.push(format!("that can not be noted on the home: {error}"));
            }
        }
    }
    says
}

/// What the kubelet does for `fsGroup`, where the disk's driver lets it; the root only.
fn open_to_group(home: &Path) -> io::Result<()> {
    let root = fs::metadata(home)?;
    if root.gid() != pod::HOME_GROUP {
        chown(home, None, Some(pod::HOME_GROUP))?;
    }
    if root.mode() & GROUP_BITS != GROUP_BITS {
        fs::set_permissions(home, fs::Permissions::from_mode(root.mode() & 0o7777 | GROUP_BITS))?;
    }
    Ok(())
}

#[derive(Default)]
struct Handed {
    done: usize,
    /// The first thing that went wrong.
    failed: Option<io::Error>,
}

impl Handed {
    /// Links are handed over themselves, and never followed. What belongs to users that never worked here
    /// (those of a container in the workspace, say) stays theirs.
    fn over(&mut self, folder: &Path, owner: &Owner) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fail(error),
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(error) => return self.fail(error),
            };
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            if owner.others.contains(&found.uid()) {
                match lchown(&path, Some(owner.user), None) {
                    Ok(()) => self.done += 1,
                    Err(error) => self.fail(error),
                }
            }
            if found.is_dir() {
                self.over(&path, owner);
            }
        }
    }

    fn fail(&mut self, error: io::Error) {
        self.failed.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Folder;
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_home_is_open_to_its_group_and_handed_to_the_next_user() {
        let folder = Folder::new("home");
        if fs::metadata(&folder.0).unwrap().uid() != 0 {
            eprintln!("skipped: only root can hand a home over");
            return;
        }
        let home = folder.0.join("home");
        fs::create_dir_all(home.join("project/private")).unwrap();
        fs::set_permissions(home.join("project/private"), fs::Permissions::from_mode(0o700)).unwrap();
        for (path, user) in [("a", 1000), ("project/b", 0), ("project/private/c", 1000), ("d", 165_536)] {
            fs::write(home.join(path), path).unwrap();
            chown(home.join(path), Some(user), Some(user)).unwrap();
        }
        let outside = folder.0.join("outside");
        fs::write(&outside, "").unwrap();
        chown(&outside, Some(1000), None).unwrap();
        symlink(&outside, home.join("link")).unwrap();
        assert_eq!(prepare(&home), Vec::<String>::new());
        let root = fs::metadata(&home).unwrap();
        assert_eq!((root.gid(), root.mode() & 0o7777), (pod::HOME_GROUP, 0o2775));
        Owner { user: 2000, others: vec![1000, 0] }.write(&home).unwrap();
        let says = prepare(&home).concat();
        // project, private, link, the note, a, b and c
        assert!(says.contains("7 files and folders of the home were handed to user 2000"), "{says}");
        let of = |path: &str| fs::symlink_metadata(home.join(path)).unwrap().uid();
        assert_eq!(
            ["a", "project", "project/b", "project/private/c", "link", "d"].map(of),
            [2000, 2000, 2000, 2000, 2000, 165_536]
        );
        assert_eq!(fs::metadata(&outside).unwrap().uid(), 1000, "links are not followed");
        assert_eq!(fs::metadata(home.join("a")).unwrap().gid(), 1000, "groups stay");
        assert_eq!(Owner::read(&home), Some(Owner::alone(2000)));
        assert_eq!(prepare(&home), Vec::<String>::new());
    }

    #[test]
    fn a_home_that_is_not_there_is_said_and_ends_nothing() {
        let says = prepare(Path::new("/nowhere/home")).concat();
        assert!(says.contains("/nowhere/home can not be given to group 1000: No such file"), "{says}");
    }
}
