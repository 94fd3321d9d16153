//! Files and folders that only this user can read.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

/// Creates a folder and its parents with mode 0700.
pub fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file with mode 0600. A reader sees the old content or the new, even after a crash.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{:016x}", fastrand::u64(..)));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&draft)))
}

/// Writes a file, unless it exists.
pub fn write_if_missing(path: &Path, content: &str) -> io::Result<()> {
    if path.exists() { Ok(()) } else { write_atomically(path, content.as_bytes()) }
}

/// The content of a file. `None` if it does not exist.
pub fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file, if it exists.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a folder with its content, if it exists. Some package managers make their folders read-only.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path)?;
            std::fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Copies a folder's wanted entries with their links, modes and times. Replaces existing files.
pub fn copy_tree(from: &Path, to: &Path, wanted: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let source = entry?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        let kind = source.symlink_metadata()?.file_type();
        if !wanted(&source) {
            continue;
        }
        if kind.is_dir() {
            copy_tree(&source, &target, wanted)?;
            continue;
        }
        let copied = remove_if_there(&target).and_then(|()| {
            if kind.is_symlink() { symlink(std::fs::read_link(&source)?, &target) } else { copy_file(&source, &target) }
        });
        copied.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", target.display())))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::copy(from, to)?;
    File::open(to)?.set_modified(from.metadata()?.modified()?)
}

/// Makes a private folder of which only the entries with these names are kept. A file or link at its place is removed.
pub fn keep_only(folder: &Path, keeps: &dyn Fn(&OsStr) -> bool) -> io::Result<()> {
    if folder.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
        std::fs::remove_file(folder)?;
    }
    make_private(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if keeps(&entry.file_name()) {
            continue;
        }
        if entry.file_type()?.is_dir() { remove_tree(&entry.path())? } else { std::fs::remove_file(entry.path())? }
    }
    Ok(())
}

fn make_writable(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}
