//! Finds what a checkout lacks: submodules, and the content of Git LFS files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::git_command::Git;

/// The beginning of a pointer (the specification of Git LFS, version 1).
const POINTER: &[u8] = b"version https://git-lfs";
/// Limit for files to look into.
const MOST_FILES: usize = 100;

/// Whether the repository has submodules, which a clone leaves out.
pub(super) fn has_submodules(repository: &Path) -> bool {
    repository.join(".gitmodules").symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
}

/// Whether some files are pointers of Git LFS. With Git LFS installed, the checkout has fetched their content.
pub(super) async fn has_lfs_pointers(repository: &Path, git: &mut Git<'_, '_>) -> bool {
    let mut files = Vec::new();
    let listed = ["-c", "core.quotePath=false", "ls-files", "--", ":(attr:filter=lfs)"];
    let each = |line: &str| {
        if files.len() < MOST_FILES {
            files.push(repository.join(line));
        }
    };
    git.read(&listed, each).await.is_ok() && files.iter().any(|file| is_pointer(file))
}

fn is_pointer(file: &Path) -> bool {
    // Opening a named pipe would wait for its writer.
    if !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut begin = [0; POINTER.len()];
    File::open(file).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == POINTER
}
