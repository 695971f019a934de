//! The certificates of the public authorities: where an image has them, if it has them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::pod;

/// Names a bundle to OpenSSL, and to most that speaks TLS.
pub const FILE: &str = "SSL_CERT_FILE";
const FOLDER: &str = "SSL_CERT_DIR";

/// Where distributions have them as one file, relative to the image's root.
const FILES: [&str; 8] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/certs/ca-bundle.crt",
    "etc/ssl/cert.pem",
    "etc/ssl/ca-bundle.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/pki/tls/cert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "opt/etc/ssl/certs/ca-certificates.crt",
];

/// The platform's bundle, if the image needs it: it has none at the usual places and its variables name none.
pub fn missing(
    image: &Path,
    platform: &Path,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let named = [FILE, FOLDER].iter().any(|name| variable(name).is_some_and(|value| !value.is_empty()));
    let has = FILES.iter().any(|file| fs::metadata(image.join(file)).is_ok_and(|found| found.len() > 0));
    let bundle = platform.join(pod::AUTHORITIES);
    (!named && !has && bundle.is_file()).then_some(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_bundle_is_used_only_where_the_image_has_none() {
        let folder = std::env::temp_dir().join(format!("dcaas-authorities-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let (image, platform) = (folder.join("image"), folder.join("platform"));
        fs::create_dir_all(image.join("etc/ssl/certs")).unwrap();
        fs::create_dir_all(image.join("etc/pki/tls/certs")).unwrap();
        fs::create_dir_all(&platform).unwrap();
        let with = |set: Option<&str>| {
            missing(&image, &platform, |name| {
                Some(set?.split_once('=').filter(|(n, _)| *n == name)?.1.into())
            })
        };
        assert_eq!(with(None), None, "the platform has none");
        let bundle = platform.join("ca.pem");
        fs::write(&bundle, "pem").unwrap();
        assert_eq!(with(None), Some(bundle.clone()));
        assert_eq!(with(Some("SSL_CERT_FILE=")), Some(bundle.clone()), "set to nothing");
        assert_eq!(with(Some("SSL_CERT_FILE=/own.pem")), None);
        assert_eq!(with(Some("SSL_CERT_DIR=/own")), None);
        fs::write(image.join("etc/pki/tls/certs/ca-bundle.crt"), "").unwrap();
        assert_eq!(with(None), Some(bundle), "an empty file is none");
        fs::write(image.join("etc/pki/tls/certs/ca-bundle.crt"), "pem").unwrap();
        assert_eq!(with(None), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
