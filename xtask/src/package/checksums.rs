//! `SHA256SUMS`, as `sha256sum --check` reads it.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Writes one line for each file, by its name alone.
pub fn write(to: &Path, files: &[&Path]) -> Result<()> {
    let mut text = String::new();
    for file in files {
        let name = file.file_name().context("a file has a name")?.to_string_lossy();
        let mut sum = String::new();
        for byte in Sha256::digest(std::fs::read(file)?) {
            write!(sum, "{byte:02x}")?;
        }
        writeln!(text, "{sum}  {name}")?;
    }
    Ok(std::fs::write(to, text)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn sha256sum_finds_them_right() {
        let folder = std::env::temp_dir().join(format!("dcaas-sums-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, sums) = (folder.join("a.zip"), folder.join("SHA256SUMS"));
        std::fs::write(&file, "abc").unwrap();
        super::write(&sums, &[&file]).unwrap();
        let text = std::fs::read_to_string(&sums).unwrap();
        assert_eq!(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.zip\n");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
