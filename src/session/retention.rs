//! How long the files of a stopped session are kept.
//!
//! Settings: `VOLUME_TTL_DAYS` (default: 0, forever), `VOLUME_WARNING_DAYS` (default: 7).

use jiff::{SignedDuration, Timestamp};

use super::PhaseName;

/// How long the files of a stopped session are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Time from the last use to the deletion.
    pub keep: SignedDuration,
    /// Time before the deletion in which the router warns.
    pub warn: SignedDuration,
}

impl Retention {
    /// When the files of a session will be deleted, by its phase and last use. `None` while it runs.
    pub fn end(&self, phase: PhaseName, last_activity: Timestamp) -> Option<Timestamp> {
        let rests = matches!(phase, PhaseName::Stopped | PhaseName::Failed);
        rests.then(|| last_activity.checked_add(self.keep).unwrap_or(Timestamp::MAX))
    }

    /// Whether to warn now.
    pub fn is_near(&self, end: Timestamp, now: Timestamp) -> bool {
        end.duration_since(now) <= self.warn
    }
}
