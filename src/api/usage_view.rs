//! A session's disk and memory in the API.

use serde::Serialize;
use utoipa::ToSchema;

use crate::usage::{Gauge, Level, Usage};

/// Disk and memory of a running session, measured about once a minute. What cannot be measured is absent.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageView {
    /// Bytes of the disk with the session's files. On one machine, all sessions and other programs share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<GaugeView>,
    /// Files on that disk, if it limits their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<GaugeView>,
    /// Bytes of memory. Without a limit on one machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<GaugeView>,
}

/// A measured figure.
#[derive(Serialize, ToSchema)]
struct GaugeView {
    used: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// What is left until the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    free: Option<u64>,
    level: Level,
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        let view = |gauge: Option<Gauge>, level| {
            gauge.map(|gauge| GaugeView { used: gauge.used, limit: gauge.limit, free: gauge.free(), level })
        };
        Self {
            disk: view(usage.disk, usage.disk_level()),
            files: view(usage.files, usage.files_level()),
            memory: view(usage.memory, usage.memory_level()),
        }
    }
}
