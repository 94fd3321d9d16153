//! Whether a data folder is usable. Changes nothing in it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::session_folder::{LOCK, checked_path};

/// The use of a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataDirUse {
    /// No router uses it. The path exists: the folder itself, or the closest one above it.
    Free(PathBuf),
    /// A router that runs uses it.
    ByRouter,
}

/// Checks the path, the rights, and whether a router uses the folder.
pub fn check_data_dir(path: &Path) -> io::Result<DataDirUse> {
    let path = checked_path(path)?;
    let lock = path.join(LOCK);
    if lock.exists() && File::open(&lock)?.try_lock().is_err() {
        return Ok(DataDirUse::ByRouter);
    }
    let existing = path.ancestors().find(|folder| folder.exists()).unwrap_or(&path).to_owned();
    if !existing.is_dir() {
        return Err(io::Error::other(format!("{} is not a folder", existing.display())));
    }
    access(&existing, Access::WRITE_OK | Access::EXEC_OK)?;
    Ok(DataDirUse::Free(existing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::process::session_folder::DataDir;

    #[test]
    fn a_router_that_uses_the_folder_is_noticed() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        assert_eq!(check_data_dir(&path).unwrap(), DataDirUse::Free(temporary.path().to_owned()));
        assert!(!path.exists());
        let used = DataDir::prepare(&path).unwrap();
        assert_eq!(check_data_dir(&path).unwrap(), DataDirUse::ByRouter);
        drop(used);
        assert_eq!(check_data_dir(&path).unwrap(), DataDirUse::Free(path));
    }

    #[test]
    fn a_file_and_a_long_path_are_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let file = temporary.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(check_data_dir(&file.join("data")).unwrap_err().to_string().ends_with("is not a folder"));
        assert!(check_data_dir(&temporary.path().join("x".repeat(100))).unwrap_err().to_string().contains("too long"));
    }
}
