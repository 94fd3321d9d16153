//! The phases of a session. `course.rs` moves from one to the next.
//!
//! ```text
//! pending → scheduling → pulling → cloning → starting → ready → stopping → stopped
//!    └──────────┴───────────┴─────────┴─────────┴─────────┴→ failed       deleting (from anywhere)
//! ```
//! A new request returns `stopped` and `failed` to `pending`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Failure, Reason};
use crate::opencode::{Obstacle, Waiting};

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhaseName {
    /// Requested; nothing is done yet.
    Pending,
    /// Waits for a machine with room.
    Scheduling,
    /// Its image is fetched.
    Pulling,
    /// Its repository is cloned or its branch checked out.
    Cloning,
    /// opencode was started and does not answer yet.
    Starting,
    /// opencode answers.
    Ready,
    /// It is being stopped.
    Stopping,
    /// Nothing runs; the files are kept.
    Stopped,
    /// The last start or run ended with an error.
    Failed,
    /// It is being deleted with its files.
    Deleting,
}

impl PhaseName {
    /// Whether a start is under way.
    pub fn is_starting(self) -> bool {
        matches!(self, Self::Pending | Self::Scheduling | Self::Pulling | Self::Cloning | Self::Starting)
    }

    /// Whether the phase lasts until a new request or event: the session is ready, stopped or failed.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Ready | Self::Stopped | Self::Failed)
    }
}

/// The state of a session, as the runtime observed it at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The observed phase.
    pub name: PhaseName,
    /// The progress, in words for users.
    pub message: Option<String>,
    /// The finished share of the phase, 0 to 100.
    pub percent: Option<u8>,
    /// The failure. During a start: the failure to report if the current obstacle lasts.
    pub failure: Option<Failure>,
    /// When the phase began, if the runtime knows. Default: the first observation. For an adopted run: when its server
    /// started, because a router restart must not count as a use.
    pub since: Option<Timestamp>,
}

impl Observation {
    /// An observation of the phase alone.
    pub fn of(name: PhaseName) -> Self {
        Self { name, message: None, percent: None, failure: None, since: None }
    }

    /// A start whose server is not usable yet.
    pub fn starting(waiting: Waiting) -> Self {
        let Waiting { message, obstacle } = waiting;
        let failure = obstacle.map(|obstacle| {
            let reason = match obstacle {
                Obstacle::Slow => Reason::StartTimeout,
                Obstacle::History => Reason::HistoryUnreadable,
            };
            Failure::new(reason, &message)
        });
        Self { message: Some(message), failure, ..Self::of(PhaseName::Starting) }
    }

    /// An observed failure.
    pub fn failed(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::of(PhaseName::Failed) }
    }
}

/// A phase with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The phase.
    pub name: PhaseName,
    /// When it began.
    pub since: Timestamp,
    /// The progress, in words for users.
    pub message: Option<String>,
    /// The finished share of the phase, 0 to 100.
    pub percent: Option<u8>,
    /// The failure. During a start: the failure to report if the current obstacle lasts.
    pub failure: Option<Failure>,
}

impl Phase {
    /// The observed phase. It begins at `now` if the observation has no time.
    pub fn observed(seen: Observation, now: Timestamp) -> Self {
        let Observation { name, message, percent, failure, since } = seen;
        // Another clock may run ahead; cap its time at this clock's now.
        let since = since.map_or(now, |since| since.min(now));
        Self { name, since, message, percent, failure }
    }

    /// Whether this is a start that cannot succeed.
    pub fn is_hopeless(&self) -> bool {
        self.name.is_starting() && self.failure.as_ref().is_some_and(|failure| failure.reason.ends_a_start())
    }
}
