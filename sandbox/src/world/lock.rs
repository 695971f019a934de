//! One world of a name at a time, and its file that tells others where everything is.

use crate::machines;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

/// The name of a world, held as long as this lives; the kernel lets go of it when the process ends.
pub struct Lock {
    file: File,
    path: PathBuf,
    record: PathBuf,
}

impl Lock {
    /// Takes the name, makes the world's folder anew, and clears what a dead world of that name has left.
    ///
    /// # Errors
    /// Names the process that has it.
    pub fn take(state: &Path, name: &str) -> Result<Self> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            bail!("`{name}` can not be a world's name: use letters, digits, - and _");
        }
        let folder = state.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("{} can not be made", folder.display()))?;
        let path = state.join(format!("{name}.lock"));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)?;
                bail!(
                    "a world named `{name}` is there already, process {}; end it, or take another --name",
                    pid.trim()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).context("the world's name can not be held"),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        machines::bury(&folder.join("machines"));
        std::fs::remove_dir_all(&folder)?;
        std::fs::create_dir_all(&folder)?;
        let record = state.join(format!("{name}.json"));
        let lock = Self { file, path, record };
        lock.forget();
        Ok(lock)
    }

    /// Writes the file at once and whole.
    ///
    /// # Errors
    /// Names the file that can not be written.
    pub fn tell(&self, record: &Value) -> Result<()> {
        let fresh = self.record.with_extension("new");
        std::fs::write(&fresh, format!("{record:#}\n"))
            .and_then(|()| std::fs::rename(&fresh, &self.record))
            .with_context(|| format!("{} can not be written", self.record.display()))
    }

    /// Takes the file away.
    pub fn forget(&self) {
        let _ = std::fs::remove_file(&self.record);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.forget();
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_world_of_the_same_name_is_refused_with_the_first_ones_pid() {
        let state = tempfile::tempdir().unwrap();
        std::fs::write(state.path().join("one.json"), "{}").unwrap();
        let lock = Lock::take(state.path(), "one").unwrap();
        assert!(!state.path().join("one.json").exists(), "a dead world's file goes");
        lock.tell(&serde_json::json!({"name": "one"})).unwrap();
        let refused = Lock::take(state.path(), "one").err().unwrap().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        let other = Lock::take(state.path(), "other").unwrap();
        drop((lock, other));
        Lock::take(state.path(), "one").unwrap();
        assert!(!state.path().join("one.json").exists());
        assert!(Lock::take(state.path(), "../x").is_err());
    }
}
