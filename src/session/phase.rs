//! The phases of a session. `course.rs` moves from one to the next.
//!
//! ```text
//! pending → scheduling → pulling → cloning → starting → ready → stopping → stopped
//!    └──────────┴───────────┴─────────┴─────────┴─────────┴→ failed       deleting (from anywhere)
//! ```
//! `stopped` and `failed` go back to `pending` when a caller wants the session again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Failure, Reason};
use crate::opencode::Waiting;

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhaseName {
    /// Wanted, nothing done yet.
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
    /// The last start or run ended in a way nobody asked for.
    Failed,
    /// It goes away with its files.
    Deleting,
}

impl PhaseName {
    /// On the way to ready.
    pub fn is_starting(self) -> bool {
        matches!(self, Self::Pending | Self::Scheduling | Self::Pulling | Self::Cloning | Self::Starting)
    }

    /// No start is under way: the session is ready, or somebody has to ask for it again.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Ready | Self::Stopped | Self::Failed)
    }
}

/// What the runtime sees of a session at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The phase it is in.
    pub name: PhaseName,
    /// What goes on, in words for people.
    pub message: Option<String>,
    /// How much of the phase is done, 0 to 100.
    pub percent: Option<u8>,
    /// Why it failed; while it starts, what it will fail with if what holds it up lasts.
    pub failure: Option<Failure>,
    /// Since when, where the runtime knows; else the first sight of it counts. Of a run that was found ready: when its
    /// server was started, so that a restart of the router is no use of a session.
    pub since: Option<Timestamp>,
}

impl Observation {
    /// An observation of nothing but the phase.
    pub fn of(name: PhaseName) -> Self {
        Self { name, message: None, percent: None, failure: None, since: None }
    }

    /// A start whose server cannot be used yet.
    pub fn starting(waiting: Waiting) -> Self {
        let Waiting { message, is_obstacle } = waiting;
        let failure = is_obstacle.then(|| Failure::new(Reason::StartTimeout, message.clone()));
        Self { message: Some(message), failure, ..Self::of(PhaseName::Starting) }
    }

    /// An observed failure.
    pub fn failed(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::of(PhaseName::Failed) }
    }
}

/// A phase with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Which phase.
    pub name: PhaseName,
    /// When it began.
    pub since: Timestamp,
    /// What goes on, in words for people.
    pub message: Option<String>,
    /// How much of the phase is done, 0 to 100.
    pub percent: Option<u8>,
    /// Why it failed; while it starts, what it will fail with if what holds it up lasts.
    pub failure: Option<Failure>,
}

impl Phase {
    /// What an observation says, from `now` on unless it knows since when.
    pub fn observed(seen: Observation, now: Timestamp) -> Self {
        let Observation { name, message, percent, failure, since } = seen;
        // What another clock says is to come was just now by this one.
        let since = since.map_or(now, |since| since.min(now));
        Self { name, since, message, percent, failure }
    }
}
