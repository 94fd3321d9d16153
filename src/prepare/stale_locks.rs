//! Removes Git's lock files that a killed run left behind. They make later `git` commands of the session fail.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::job::Job;
use super::receive::RECEIVED;
use super::report::Report;

/// Limit for visited folder entries. Repositories with many thousand branches stay below it.
const MOST_ENTRIES: usize = 100_000;
/// Folders of a repository to skip: they have many entries or other programs' files, and no lock files of Git.
const SKIPPED: [&str; 4] = ["objects", "logs", "hooks", "lfs"];
/// Lock files of Git's settings, below the home.
const SETTINGS: [&str; 2] = [".gitconfig.lock", ".config/git/config.lock"];

/// Removes the lock files from `begun` or before. No process of the session runs yet.
pub(super) fn remove_stale_locks(job: &Job, begun: SystemTime, report: &mut Report<'_>) {
    let home = job.home();
    let mut repositories = vec![job.project_folder().join(".git"), job.work().join(RECEIVED).join(".git")];
    repositories.extend(job.dialect.own_repositories(&home));
    let mut locks: Vec<_> = SETTINGS.iter().map(|lock| home.join(lock)).collect();
    let mut entries = MOST_ENTRIES;
    for repository in repositories {
        locks.extend(locks_in(repository, &mut entries));
    }
    for lock in locks.iter().filter(|lock| is_file_from_before(lock, begun)) {
        // The session chose the file's name, which may contain control characters.
        let name = lock.strip_prefix(&job.folder).unwrap_or(lock).display().to_string();
        match std::fs::remove_file(lock) {
            Ok(()) => report.log(&format!("[prepare] removed {}, which a killed run left behind", name.escape_debug())),
            Err(error) => report.log(&format!("[prepare] {} cannot be removed: {error}", name.escape_debug())),
        }
    }
}

/// Finds lock files in a repository, its worktrees and submodules. Follows no links.
fn locks_in(repository: PathBuf, entries: &mut usize) -> Vec<PathBuf> {
    let mut locks = Vec::new();
    // Below `objects`, only these two folders have lock files.
    let mut folders = VecDeque::from([repository.join("objects/info"), repository.join("objects/pack"), repository]);
    while let Some(folder) = folders.pop_back().filter(|folder| is_folder(folder)) {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if *entries == 0 {
                return locks;
            }
            *entries -= 1;
            let (path, name) = (entry.path(), entry.file_name());
            if path.extension().is_some_and(|extension| extension == "lock") {
                locks.push(path.clone());
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !SKIPPED.iter().any(|skipped| name == *skipped) {
                folders.push_back(path);
            }
        }
    }
    locks
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn is_file_from_before(path: &Path, begun: SystemTime) -> bool {
    let metadata = path.symlink_metadata();
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.modified().is_ok_and(|modified| modified <= begun))
}
