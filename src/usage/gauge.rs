//! One measured figure with its limit, and the thresholds for its levels.

use serde::{Deserialize, Serialize};

/// Used share of a disk's bytes or files from which it is nearly full, in percent.
const DISK_NEAR: u64 = 80;
/// Used share from which it is full, in percent.
const DISK_FULL: u64 = 95;
/// Used share of memory from which its end is near, in percent.
const MEMORY_NEAR: u64 = 90;
/// A disk with less free space is full, in bytes.
const LEAST_FREE: u64 = 64 << 20;
/// A large disk with more free space is not full, in bytes.
const NOT_FULL: u64 = 1 << 30;
/// A large disk with more free space is not nearly full, in bytes.
const NOT_NEAR: u64 = 10 << 30;

/// How close a figure is to its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "router", derive(utoipa::ToSchema), schema(as = UsageLevel))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Far from it.
    #[default]
    Ok,
    /// Disk: 80 % or more is used, and at most 10 GiB are free. Memory: 90 % or more is used.
    Near,
    /// Disk: 95 % or more is used, and at most 1 GiB is free; or less than 64 MiB are free.
    Full,
}

/// A figure, and its limit if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// What is used.
    pub used: u64,
    /// The most that can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

impl Gauge {
    /// What is left until the limit.
    pub fn free(self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }

    /// The used share of the limit in percent, rounded down, at most 100.
    pub fn percent(self) -> Option<u8> {
        let limit = u128::from(self.limit.filter(|limit| *limit > 0)?);
        u8::try_from((u128::from(self.used) * 100 / limit).min(100)).ok()
    }

    /// The level of a disk's bytes.
    pub fn disk_level(self) -> Level {
        match self.free() {
            Some(free) if free < LEAST_FREE || (self.reaches(DISK_FULL) && free <= NOT_FULL) => Level::Full,
            Some(free) if self.reaches(DISK_NEAR) && free <= NOT_NEAR => Level::Near,
            _ => Level::Ok,
        }
    }

    /// The level of a disk's number of files.
    pub fn files_level(self) -> Level {
        match (self.reaches(DISK_NEAR), self.reaches(DISK_FULL)) {
            (_, true) => Level::Full,
            (true, false) => Level::Near,
            (false, false) => Level::Ok,
        }
    }

    /// The level of memory. It is never full: the kernel then ends a process.
    pub fn memory_level(self) -> Level {
        if self.reaches(MEMORY_NEAR) { Level::Near } else { Level::Ok }
    }

    fn reaches(self, percent: u64) -> bool {
        self.percent().is_some_and(|used| u64::from(used) >= percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    fn gauge(used: u64, limit: u64) -> Gauge {
        Gauge { used, limit: Some(limit) }
    }

    #[test]
    fn disk_warns_at_80_percent_and_is_full_at_95_percent_or_below_64_mib() {
        let level = |percent: u64| gauge(percent * 50 * MIB, 5000 * MIB).disk_level();
        assert_eq!([79, 80, 94, 95, 100].map(level), [Level::Ok, Level::Near, Level::Near, Level::Full, Level::Full]);
        let small = |free| gauge(500 * MIB - free, 500 * MIB).disk_level();
        assert_eq!([small(64 * MIB), small(64 * MIB - 1)], [Level::Near, Level::Full]);
    }

    #[test]
    fn large_disk_warns_by_its_free_space() {
        let level = |free| gauge(1000 * GIB - free, 1000 * GIB).disk_level();
        assert_eq!([11 * GIB, 10 * GIB, 2 * GIB, GIB].map(level), [Level::Ok, Level::Near, Level::Near, Level::Full]);
    }

    #[test]
    fn memory_warns_at_90_percent() {
        let level = |used| gauge(used, 1000).memory_level();
        assert_eq!([899, 900, 2000].map(level), [Level::Ok, Level::Near, Level::Near]);
        assert_eq!(Gauge { used: u64::MAX, limit: None }.memory_level(), Level::Ok);
    }

    #[test]
    fn absurd_figures_are_judged_too() {
        let all = gauge(u64::MAX, 1);
        assert_eq!((all.percent(), all.free(), all.disk_level()), (Some(100), Some(0), Level::Full));
        assert_eq!((gauge(5, 0).percent(), gauge(5, 0).files_level()), (None, Level::Ok));
    }
}
