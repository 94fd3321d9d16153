//! Limits of this machine: the disk, inotify, open files.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use crate::config::Config;
use crate::runtime::Finding;
use crate::runtime::process::{DataDirUse, check_data_dir};
use crate::usage::{Level, volume};

/// Each opencode watches the files of its project. A large project has tens of thousands of folders.
const FEWEST_WATCHES: u64 = 65_536;
/// Each opencode takes an inotify instance or two.
const FEWEST_INSTANCES: u64 = 128;
/// A client's connection needs a second one, to its session.
const FILES_PER_CONNECTION: u64 = 2;
/// Files for everything but connections.
const OTHER_FILES: u64 = 1024;

const DATA_DIR: &str = "data-folder";
const DISK: &str = "disk";
const INOTIFY: &str = "inotify";
const OPEN_FILES: &str = "open-files";

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = data_dir(config);
    findings.push(inotify(read_inotify("max_user_watches"), read_inotify("max_user_instances")));
    findings.push(open_files(getrlimit(Resource::Nofile).maximum, config.network.max_connections));
    findings
}

/// The data folder, and its disk.
fn data_dir(config: &Config) -> Vec<Finding> {
    let path = match config.process.data_dir_or_default() {
        Ok(path) => path,
        Err(why) => return vec![Finding::explained_problem(DATA_DIR, why)],
    };
    let shown = path.display();
    match check_data_dir(&path) {
        Ok(DataDirUse::ByRouter) => {
            vec![Finding::ok(DATA_DIR, format!("A router that runs uses {shown}.")), disk(&path)]
        }
        Ok(DataDirUse::Free(existing)) => {
            vec![Finding::ok(DATA_DIR, format!("{shown} is usable, and no router uses it.")), disk(&existing)]
        }
        Err(error) => vec![Finding::problem(
            DATA_DIR,
            format!("The data folder {shown} cannot be used: {error}."),
            "Choose another with ROUTER_DATA_DIR.",
        )],
    }
}

fn disk(folder: &Path) -> Finding {
    let usage = match volume::measure(folder) {
        Ok(usage) => usage,
        Err(error) => return Finding::not_checked(DISK, format!("{} cannot be measured: {error}.", folder.display())),
    };
    let free = usage.disk.and_then(crate::usage::Gauge::free).unwrap_or_default();
    let free = format!("{} MiB are free on the disk with {}.", free >> 20, folder.display());
    match usage.disk_level().max(usage.files_level()) {
        Level::Ok => Finding::ok(DISK, free),
        Level::Near => {
            Finding::warning(DISK, free, "It is nearly full: free some space, or use another ROUTER_DATA_DIR.")
        }
        Level::Full => Finding::problem(DISK, free, "It is full: free some space, or use another ROUTER_DATA_DIR."),
    }
}

fn read_inotify(limit: &str) -> Option<u64> {
    std::fs::read_to_string(format!("/proc/sys/fs/inotify/{limit}")).ok()?.trim().parse().ok()
}

fn inotify(watches: Option<u64>, instances: Option<u64>) -> Finding {
    let (Some(watches), Some(instances)) = (watches, instances) else {
        return Finding::not_checked(INOTIFY, "This machine does not say its limits of inotify(7).");
    };
    let found = format!("Each user of this machine has {watches} inotify watches and {instances} instances.");
    if watches >= FEWEST_WATCHES && instances >= FEWEST_INSTANCES {
        return Finding::ok(INOTIFY, found);
    }
    Finding::warning(
        INOTIFY,
        found,
        "Sessions share them: set fs.inotify.max_user_watches=524288 and fs.inotify.max_user_instances=1024 with \
         sysctl(8).",
    )
}

fn open_files(limit: Option<u64>, connections: usize) -> Finding {
    let needed = FILES_PER_CONNECTION * connections as u64 + OTHER_FILES;
    match limit {
        Some(limit) if limit < needed => Finding::warning(
            OPEN_FILES,
            format!("The router may open {limit} files, and MAX_CONNECTIONS={connections} needs {needed}."),
            "Raise the hard limit (ulimit -Hn, or LimitNOFILE= of systemd), or set a lower MAX_CONNECTIONS.",
        ),
        Some(limit) => Finding::ok(OPEN_FILES, format!("The router may open {limit} files.")),
        None => Finding::ok(OPEN_FILES, "The number of the router's open files has no limit."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;

    #[test]
    fn low_limits_are_reported() {
        assert_eq!(inotify(Some(65_536), Some(128)).status, Status::Ok);
        assert_eq!(inotify(Some(8192), Some(128)).status, Status::Warning);
        assert_eq!(inotify(Some(524_288), Some(64)).status, Status::Warning);
        assert_eq!(inotify(None, Some(128)).status, Status::NotChecked);
        assert_eq!(open_files(Some(17_407), 8192).status, Status::Warning);
        assert_eq!(open_files(Some(17_408), 8192).status, Status::Ok);
        assert_eq!(open_files(None, 8192).status, Status::Ok);
    }
}
