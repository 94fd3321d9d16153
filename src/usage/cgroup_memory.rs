//! The memory of this process's container, from its control group (version 2, else version 1).
//!
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files>. The figure is the kubelet's working set:
//! what is used, without the file cache that the kernel can drop first.

use std::path::Path;

use super::Gauge;

/// Where a container sees its own control group.
pub const MOUNT: &str = "/sys/fs/cgroup";
/// Version 1 writes "no limit" as the largest multiple of a page. A higher limit than this is none, in bytes.
const NO_LIMIT: u64 = 1 << 62;

/// The files of one version.
struct Files {
    used: &'static str,
    limit: &'static str,
    stat: &'static str,
    inactive: &'static str,
}

const VERSIONS: [Files; 2] = [
    Files { used: "memory.current", limit: "memory.max", stat: "memory.stat", inactive: "inactive_file" },
    Files {
        used: "memory/memory.usage_in_bytes",
        limit: "memory/memory.limit_in_bytes",
        stat: "memory/memory.stat",
        inactive: "total_inactive_file",
    },
];

/// Measures the control group that is mounted here. `None` without one.
pub fn measure(mount: &Path) -> Option<Gauge> {
    VERSIONS.iter().find_map(|files| {
        let read = |file: &str| std::fs::read_to_string(mount.join(file)).ok();
        let used: u64 = read(files.used)?.trim().parse().ok()?;
        let inactive = read(files.stat).and_then(|stat| value_of(&stat, files.inactive)).unwrap_or_default();
        // The word "max" is no number.
        let limit = read(files.limit).and_then(|limit| limit.trim().parse().ok());
        Some(Gauge { used: used.saturating_sub(inactive), limit: limit.filter(|limit| *limit < NO_LIMIT) })
    })
}

/// The value of a line `name value`.
fn value_of(stat: &str, name: &str) -> Option<u64> {
    let value = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(files: &[(&str, &str)]) -> Option<Gauge> {
        let mount = tempfile::tempdir().unwrap();
        std::fs::create_dir(mount.path().join("memory")).unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(mount.path().join(name), text).unwrap());
        measure(mount.path())
    }

    #[test]
    fn both_versions_are_read() {
        let second = [
            ("memory.current", "1000\n"),
            ("memory.max", "4000\n"),
            ("memory.stat", "anon 5\ninactive_file_x 9\ninactive_file 300\n"),
        ];
        assert_eq!(measured(&second), Some(Gauge { used: 700, limit: Some(4000) }));
        let first = [
            ("memory/memory.usage_in_bytes", "1000\n"),
            ("memory/memory.limit_in_bytes", "4000\n"),
            ("memory/memory.stat", "inactive_file 9\ntotal_inactive_file 400\n"),
        ];
        assert_eq!(measured(&first), Some(Gauge { used: 600, limit: Some(4000) }));
    }

    #[test]
    fn no_limit_is_none_and_no_group_is_nothing() {
        for (used, limit, none) in [
            ("memory.current", "memory.max", "max\n"),
            ("memory/memory.usage_in_bytes", "memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ] {
            assert_eq!(measured(&[(used, "5\n"), (limit, none)]), Some(Gauge { used: 5, limit: None }));
        }
        assert_eq!(measured(&[]), None);
    }
}
