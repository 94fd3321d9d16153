//! The certificates that a session's programs trust: those of the system, and those of the profile.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::init::ToolsFolder;
use crate::private_files::write_atomically;
use crate::session::{Failure, Reason};

/// The files in which systems keep the certificates that they trust: Debian and Alpine, Fedora, openSUSE, others.
const OF_SYSTEMS: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Size limit of a file with certificates, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;
/// The begin of a certificate (RFC 7468).
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// Where the certificates come from, and where they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificates {
    /// The file with those of the profile.
    pub added: PathBuf,
    /// The file with all.
    pub all: PathBuf,
}

/// Writes the file with all certificates.
pub(super) fn write(certificates: &Certificates, report: &mut Report<'_>) -> Result<(), Failure> {
    let added = read(&certificates.added).and_then(|text| {
        let has_one = text.contains(BEGIN);
        has_one.then_some(text).ok_or_else(|| io::Error::other("it has no certificate in PEM"))
    });
    let added = added.map_err(|error| failure(&certificates.added, &error))?;
    let systems = OF_SYSTEMS.into_iter().map(PathBuf::from).chain(ToolsFolder::own().map(|tools| tools.certificates()));
    let trusted = systems.into_iter().find_map(|file| read(&file).ok());
    if trusted.is_none() {
        report.log("[prepare] the image has no CA certificates: only those of the profile are trusted");
    }
    let all = [trusted.as_deref().unwrap_or_default(), &added].join("\n");
    write_atomically(&certificates.all, all.as_bytes()).map_err(|error| failure(&certificates.all, &error))
}

fn read(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn failure(file: &Path, error: &io::Error) -> Failure {
    let what = "The certificates of the profile's `ca` cannot be used. Ask an administrator to correct it";
    Failure::new(Reason::ContainerFailed, format!("{what}: {}: {error}.", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_certificates_end_with_the_added_ones_and_other_files_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let certificates = Certificates { added: temp.path().join("added"), all: temp.path().join("all") };
        let mut out = Vec::new();
        let mut write = || write(&certificates, &mut Report::new(&mut out)).map_err(|failure| failure.message);
        assert!(write().unwrap_err().contains("No such file"));
        std::fs::write(&certificates.added, "not one").unwrap();
        assert!(write().unwrap_err().ends_with("it has no certificate in PEM."));
        let own = format!("{BEGIN}\nown\n");
        std::fs::write(&certificates.added, &own).unwrap();
        write().unwrap();
        let all = std::fs::read_to_string(&certificates.all).unwrap();
        let of_system = OF_SYSTEMS.iter().find_map(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        assert_eq!(all, format!("{of_system}\n{own}"));
    }
}
