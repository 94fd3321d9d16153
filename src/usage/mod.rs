//! Disk and memory of a session: measured where it runs, sent as one line, judged by thresholds.

pub mod cgroup_memory;
mod gauge;
mod usage_line;
pub mod usage_port;
pub mod volume;

pub use gauge::{Gauge, Level};
pub use usage_line::LONGEST_LINE;

use serde::{Deserialize, Serialize};

/// Without a limit, memory figures that differ by less than this look the same, in bytes.
const COARSE_MEMORY: u64 = 64 << 20;

/// The disk and memory of a session. A figure that cannot be measured is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes on the file system that holds the session's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<Gauge>,
    /// Files on that file system, where it limits their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Gauge>,
    /// Memory that the session's processes cannot give back, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Gauge>,
    /// Processes at work: commands of terminals, and background processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<u32>,
}

impl Usage {
    /// The level of the disk, by its bytes.
    pub fn disk_level(&self) -> Level {
        self.disk.map(Gauge::disk_level).unwrap_or_default()
    }

    /// The level of the disk, by the number of its files.
    pub fn files_level(&self) -> Level {
        self.files.map(Gauge::files_level).unwrap_or_default()
    }

    /// The level of the memory.
    pub fn memory_level(&self) -> Level {
        self.memory.map(Gauge::memory_level).unwrap_or_default()
    }

    /// The highest level of all.
    pub fn level(&self) -> Level {
        self.disk_level().max(self.files_level()).max(self.memory_level())
    }

    /// Whether a process works, beside the agent.
    pub fn is_at_work(&self) -> bool {
        self.work.is_some_and(|processes| processes > 0)
    }

    /// Whether users see the same in both: percentages and levels.
    pub fn looks_like(&self, other: &Self) -> bool {
        self.appearance() == other.appearance()
    }

    fn appearance(&self) -> impl PartialEq + use<> {
        let steps = |gauge: Gauge| gauge.percent().map_or(gauge.used / COARSE_MEMORY, u64::from);
        let levels = [self.disk_level(), self.files_level(), self.memory_level()];
        ([self.disk, self.files, self.memory].map(|gauge| gauge.map(steps)), levels, self.is_at_work())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highest_level_counts() {
        let gauge = |used| Some(Gauge { used, limit: Some(1000) });
        let level = |disk, files, memory| Usage { disk, files, memory, work: None }.level();
        assert_eq!(level(None, None, None), Level::Ok);
        assert_eq!(level(None, gauge(800), gauge(100)), Level::Near);
        assert_eq!(level(None, gauge(950), gauge(900)), Level::Full);
    }

    #[test]
    fn small_changes_look_the_same() {
        let memory = |used, limit| Usage { memory: Some(Gauge { used, limit }), ..Usage::default() };
        assert!(memory(1001, Some(10_000)).looks_like(&memory(1002, Some(10_000))));
        assert!(!memory(1000, Some(10_000)).looks_like(&memory(1100, Some(10_000))));
        assert!(memory(1, None).looks_like(&memory(COARSE_MEMORY - 1, None)));
        assert!(!memory(1, None).looks_like(&memory(COARSE_MEMORY, None)));
        assert!(!memory(1, None).looks_like(&Usage::default()));
    }
}
