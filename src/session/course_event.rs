//! The events of a session's course, and the effects of a step.

use jiff::Timestamp;

use super::shared_start::Outcome;
use super::{Failure, Observation};

/// Identifies a run while the session holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId(pub(crate) usize);

/// Identifies a stop or delete of this replica. The result of an earlier request has no effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestNumber(pub(crate) u64);

/// An event of a session's course.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A caller requests a start: joins the start under way, or begins one.
    StartRequested,
    /// The stop before has ended, and the start begins.
    StartBegun,
    /// The start waits for a place, and this says for how long; or it has one now.
    StartQueued(Option<String>),
    /// The runtime has begun the start, and has reported everything up to then.
    StartHeard,
    /// The start timed out and is given up.
    StartTooSlow,
    /// The start failed.
    StartFailed(Failure),
    /// The task of the start has ended.
    StartLeft,
    /// A stop is requested.
    StopRequested,
    /// The runtime has completed this stop, and has reported everything up to then.
    StopHeard(RequestNumber),
    /// A delete is requested.
    DeleteRequested,
    /// The runtime observed the session, with its run if it is ready.
    Observed(Observation, Option<RunId>),
    /// This stop or delete was not done.
    NotDone {
        /// Its number.
        request: RequestNumber,
        /// The failure. `None` if another replica objected.
        failure: Option<Failure>,
        /// Whether the held run is not over.
        serves: bool,
    },
    /// The session and its files no longer exist.
    Gone,
}

/// The answer to a requested start.
#[derive(Clone, Debug)]
pub(crate) enum Joined {
    /// Nothing to start: the session is ready, or being deleted.
    Over(Outcome),
    /// A start is under way.
    UnderWay,
    /// The caller must carry out a new start.
    New,
}

/// The effects of a step, for the session to carry out.
#[derive(Clone, Debug, Default)]
#[must_use]
pub(crate) struct Effects {
    /// The phase changed and must be published.
    pub(crate) changed: bool,
    /// The held run is over, and with it its agent's activity.
    pub(crate) run_over: bool,
    /// The session holds the observed run from now on.
    pub(crate) run_begun: bool,
    /// When the session became usable.
    pub(crate) usable_since: Option<Timestamp>,
    /// The shared start is over, and its waiters get this outcome.
    pub(crate) start_ended: Option<Outcome>,
    /// The answer to a requested stop or delete.
    pub(crate) request: RequestNumber,
    /// The session no longer exists.
    pub(crate) gone: bool,
    /// The answer to [`Event::StartRequested`].
    pub(crate) joined: Option<Joined>,
}
