//! The file system that holds a session's files, from statvfs(3).

use std::io;
use std::path::Path;

use super::{Gauge, Level, Usage};

/// The beginning of the sentence about a full disk. Programs in a Pod print it, and the router recognises it.
pub const FULL: &str = "The disk with the session's files is full";

/// What to do about it.
pub const ADVICE: &str = "Free some space, or ask an administrator for a larger volume; then start the session again.";

/// Measures the file system of `folder`: its bytes and files, without memory.
pub fn measure(folder: &Path) -> io::Result<Usage> {
    let stat = rustix::fs::statvfs(folder)?;
    // Reserved blocks count as neither used nor free, as in df(1).
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let disk = Gauge { used: bytes(used), limit: Some(bytes(used.saturating_add(stat.f_bavail))) };
    let used = stat.f_files.saturating_sub(stat.f_ffree);
    let files = Gauge { used, limit: Some(used.saturating_add(stat.f_favail)) };
    Ok(Usage { disk: Some(disk), files: (stat.f_files > 0).then_some(files), ..Usage::default() })
}

/// A sentence with the figures, if the file system of `folder` is full.
pub fn shortage(folder: &Path) -> Option<String> {
    sentence(&measure(folder).ok()?)
}

/// A sentence with the figures, also if the file system of `folder` has room again.
pub fn figures(folder: &Path) -> Option<String> {
    let usage = measure(folder).ok()?;
    let now = |disk: Gauge| Some(format!("Now {} of the disk's {} are used.", mib(disk.used), mib(disk.limit?)));
    sentence(&usage).or_else(|| now(usage.disk?))
}

fn sentence(usage: &Usage) -> Option<String> {
    let disk = usage.disk.filter(|_| usage.disk_level() == Level::Full);
    let files = usage.files.filter(|_| usage.files_level() == Level::Full);
    let figures = match (disk, files) {
        (Some(Gauge { used, limit: Some(limit) }), _) => format!("{} of {} are used", mib(used), mib(limit)),
        (_, Some(Gauge { used, limit: Some(limit) })) => format!("it has {used} files and takes {limit}"),
        _ => return None,
    };
    Some(format!("{FULL}: {figures}."))
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_system_of_a_folder_is_measured() {
        let usage = measure(Path::new("/")).unwrap();
        let disk = usage.disk.unwrap();
        assert!(disk.used > 0 && disk.limit.unwrap() >= disk.used, "{disk:?}");
        assert!(measure(Path::new("/no/such/folder")).is_err());
    }

    #[test]
    fn full_disk_says_its_figures() {
        let gauge = |used, limit| Some(Gauge { used, limit: Some(limit) });
        let said = |disk, files| sentence(&Usage { disk, files, ..Usage::default() });
        let full = said(gauge(1000 << 20, 1024 << 20), None).unwrap();
        assert_eq!(full, "The disk with the session's files is full: 1000 MiB of 1024 MiB are used.");
        let roomy = gauge(1 << 20, 1024 << 20);
        assert!(said(roomy, gauge(1000, 1000)).unwrap().ends_with("it has 1000 files and takes 1000."));
        assert_eq!(said(roomy, gauge(10, 1000)), None);
    }
}
