//! The zip: the same bytes for the same files, whenever and wherever it is made.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Packs `folder`: its files in the order of their names, with their execute bit, and without times.
pub fn write(folder: &Path, zip: &Path) -> Result<()> {
    let mut files = files(folder)?;
    files.sort();
    let mut writer = ZipWriter::new(File::create(zip)?);
    for file in files {
        let name = file.strip_prefix(folder)?.to_str().context("names are plain text")?.to_owned();
        let executable = std::fs::metadata(&file)?.permissions().mode() & 0o100 != 0;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        writer.start_file(name, options)?;
        let mut bytes = Vec::new();
        File::open(&file)?.read_to_end(&mut bytes)?;
        writer.write_all(&bytes)?;
    }
    writer.finish()?;
    Ok(())
}

/// Unpacks it into a folder that is new, with the modes that stand in it.
pub fn unpack(zip: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    ZipArchive::new(File::open(zip)?)?.extract(folder)?;
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("dcaas-archive-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("app/start")).unwrap();
        folder
    }

    #[test]
    fn the_same_files_are_the_same_bytes_and_come_out_as_they_went_in() {
        let at = scratch();
        let (app, one, other) = (at.join("app"), at.join("one.zip"), at.join("other.zip"));
        std::fs::write(app.join("start/function.json"), "{}").unwrap();
        std::fs::write(app.join("host.json"), "{}").unwrap();
        std::fs::write(app.join("dcaas"), "#!/bin/sh\n").unwrap();
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap()
        };
        mode(&app.join("dcaas"), 0o775);
        write(&app, &one).unwrap();
        // later, by somebody with another mask
        mode(&app.join("dcaas"), 0o700);
        mode(&app.join("host.json"), 0o600);
        let old = std::time::SystemTime::UNIX_EPOCH;
        File::open(app.join("host.json")).unwrap().set_modified(old).unwrap();
        write(&app, &other).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());

        unpack(&one, &at.join("out")).unwrap();
        let of =
            |name: &str| std::fs::metadata(at.join("out").join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((of("dcaas"), of("host.json"), of("start/function.json")), (0o755, 0o644, 0o644));
        std::fs::remove_dir_all(at).unwrap();
    }
}
