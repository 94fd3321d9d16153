//! How long the files of a session that does not run are kept. Setting: `VOLUME_TTL_DAYS`.

use jiff::{SignedDuration, Timestamp};

use super::PhaseName;

/// How long the files of a session that does not run are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// From the last use.
    pub keep: SignedDuration,
    /// How long before the end it is said that they will go.
    pub warn: SignedDuration,
}

impl Retention {
    /// When the files of a session go that is in this phase and was last used then; only for one that does not run.
    pub fn end(&self, phase: PhaseName, last_activity: Timestamp) -> Option<Timestamp> {
        let rests = matches!(phase, PhaseName::Stopped | PhaseName::Failed);
        rests.then(|| last_activity.checked_add(self.keep).unwrap_or(Timestamp::MAX))
    }

    /// Whether it is to be said that they will go.
    pub fn is_near(&self, end: Timestamp, now: Timestamp) -> bool {
        end.duration_since(now) <= self.warn
    }
}
