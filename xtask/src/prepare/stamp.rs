//! When a thing must be made again, and files that are written whole or not at all.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A stamp over files (their names and bytes) and words (a version, a flag).
///
/// The hash is the standard library's: should another toolchain's differ, a build too many is all it costs.
pub fn of(files: &[PathBuf], words: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        std::fs::read(file).with_context(|| format!("can not read {}", file.display()))?.hash(&mut hasher);
    }
    words.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Whether `made` is there and was made under this stamp.
pub fn holds(made: &Path, stamp: &str) -> bool {
    made.exists() && std::fs::read_to_string(beside(made)).is_ok_and(|old| old == stamp)
}

/// Notes the stamp under which `made` was made.
pub fn note(made: &Path, stamp: &str) -> Result<()> {
    Ok(std::fs::write(beside(made), stamp)?)
}

fn beside(made: &Path) -> PathBuf {
    made.with_extension("stamp")
}

/// Every file under `folder`, sorted, without folders of that name.
pub fn files_under(folder: &Path, without: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("can not read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name() != Some(OsStr::new(without)) {
                files.extend(files_under(&path, without)?);
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Writes a file if its bytes differ: beside it first, then renamed, so that who reads it never sees a half.
///
/// A world may be running from the old one; its processes keep what they have open.
pub fn write(path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a file lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    let mut name = path.file_name().context("a file has a name")?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = folder.join(name);
    std::fs::write(&new, bytes).with_context(|| format!("can not write {}", new.display()))?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
    std::fs::rename(&new, path).with_context(|| format!("can not write {}", path.display()))
}

/// `write` with the bytes of another file.
pub fn copy(from: &Path, to: &Path, executable: bool) -> Result<()> {
    let bytes = std::fs::read(from).with_context(|| format!("can not read {}", from.display()))?;
    write(to, &bytes, executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_names_bytes_and_words() {
        let folder = std::env::temp_dir().join(format!("dcaas-stamp-{}", std::process::id()));
        let (one, other) = (folder.join("one"), folder.join("other"));
        write(&one, b"a", false).unwrap();
        write(&other, b"a", false).unwrap();
        let stamp = of(std::slice::from_ref(&one), &["1"]).unwrap();
        assert_eq!(stamp, of(std::slice::from_ref(&one), &["1"]).unwrap());
        assert_ne!(stamp, of(&[other], &["1"]).unwrap());
        assert_ne!(stamp, of(std::slice::from_ref(&one), &["2"]).unwrap());
        write(&one, b"b", false).unwrap();
        assert_ne!(stamp, of(std::slice::from_ref(&one), &["1"]).unwrap());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "nothing half-written stays");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
