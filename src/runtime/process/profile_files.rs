//! A profile's files in a session's folder. Each start writes them again, and removes those of the last start.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::profile_entries::MachineProfiles;
use super::session_folder::{SessionDir, make_private, read_if_there, remove_if_there, write_atomically};
use crate::opencode::Dialect;
use crate::private_files::remove_tree;
use crate::profiles::{Profile, below_home};

/// The list of the credentials' files, below the home.
const LIST: &str = "credential-files.json";
/// The folder of the profile's files for opencode.
const OPENCODE_FILES: &str = "opencode-files";

/// The folder of the profile's files for opencode.
pub(super) fn opencode_folder(dir: &SessionDir) -> PathBuf {
    dir.path().join(OPENCODE_FILES)
}

/// Writes the files of this profile, and removes those of an earlier start.
pub(super) fn write_files(dir: &SessionDir, profile: &Profile, entries: &MachineProfiles) -> io::Result<()> {
    remove_credentials(dir)?;
    let all = profile.credentials.iter().flatten();
    let credentials: Vec<_> = all
        .filter_map(|credential| Some((below_home(credential.file.as_deref()?)?, credential)))
        .map(|(path, credential)| (path.to_owned(), credential))
        .collect();
    if !credentials.is_empty() {
        // Before the files: after a crash, the next start finds them.
        let list: Vec<_> = credentials.iter().map(|(path, _)| path).filter(|path| !is_there(dir, path)).collect();
        write_atomically(&dir.path().join(LIST), &serde_json::to_vec(&list)?)?;
    }
    for (path, credential) in credentials {
        if is_there(dir, &path) {
            let file = dir.home().join(path);
            let why =
                "the profile's credential has this path, and the session has a file of its own there. Move it away";
            return Err(io::Error::other(format!("{}: {why}", file.display())));
        }
        let content = entries.entry(&credential.secret, credential.key.as_deref().unwrap_or_default(), false)?;
        let mode = u32::try_from(credential.mode_bits().unwrap_or(0o400)).unwrap_or(0o400);
        write_new(&dir.home().join(path), &content.unwrap_or_default(), mode)?;
    }
    write_opencode_files(dir, profile, entries)
}

fn is_there(dir: &SessionDir, path: &str) -> bool {
    dir.home().join(path).symlink_metadata().is_ok()
}

fn remove_credentials(dir: &SessionDir) -> io::Result<()> {
    let list = dir.path().join(LIST);
    let Some(text) = read_if_there(&list)? else { return Ok(()) };
    let paths: Vec<String> = serde_json::from_str(&text).unwrap_or_default();
    for path in paths.iter().filter(|path| !path.split('/').any(|part| part == "..") && !path.starts_with('/')) {
        // A folder at its place is the session's own.
        if dir.home().join(path).symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            remove_if_there(&dir.home().join(path))?;
        }
    }
    remove_if_there(&list)
}

fn write_opencode_files(dir: &SessionDir, profile: &Profile, entries: &MachineProfiles) -> io::Result<()> {
    let folder = opencode_folder(dir);
    remove_tree(&folder)?;
    for file in profile.opencode.iter().flat_map(|part| part.files.iter().flatten()) {
        let object = file.secret.as_ref().or(file.config_map.as_ref()).map(String::as_str).unwrap_or_default();
        let content = entries.entry(object, &file.key, false)?;
        write_new(&folder.join(&file.path), &content.unwrap_or_default(), 0o400)?;
    }
    if !folder.exists() {
        return Ok(());
    }
    let file = folder.join(Dialect::default().folder_file());
    if !file.exists() {
        write_new(&file, b"*\n", 0o400)?;
    }
    // opencode installs a package into every configuration folder that it can write.
    std::fs::set_permissions(&folder, Permissions::from_mode(0o500))
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    path.parent().map_or(Ok(()), make_private)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.set_permissions(Permissions::from_mode(mode))
}
