//! What can move a session, and what a step of its course asks for.

use jiff::Timestamp;

use super::shared_start::Outcome;
use super::{Failure, Observation};

/// Tells one run from another while the session holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId(pub(crate) usize);

/// Tells one stop or delete that was requested here from another. What becomes of an earlier one moves nothing any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestNumber(pub(crate) u64);

/// What can move a session.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A caller wants it to run: joins the start under way, or begins one.
    StartRequested,
    /// No stop goes on any more: the start begins.
    StartBegun,
    /// The runtime has begun the start, and has told everything up to then.
    StartHeard,
    /// The start took too long and is given up.
    StartTooSlow,
    /// The start could not be done.
    StartFailed(Failure),
    /// The task of the start has ended.
    StartLeft,
    /// A user or the idle rule wants it to stop.
    StopRequested,
    /// The runtime has done this stop, and has told everything up to then.
    StopHeard(RequestNumber),
    /// Its owner wants it gone.
    DeleteRequested,
    /// The runtime told what it is at, with its run if it is ready.
    Observed(Observation, Option<RunId>),
    /// This stop or delete was not done.
    NotDone {
        /// Which one.
        request: RequestNumber,
        /// Why not. None: another replica objected.
        failure: Option<Failure>,
        /// Whether the run that is held still answers.
        serves: bool,
    },
    /// It is gone with its files.
    Gone,
}

/// What became of a request for a start.
#[derive(Clone, Debug)]
pub(crate) enum Joined {
    /// Nothing has to start: it is ready, or it goes away.
    Over(Outcome),
    /// A start is under way.
    UnderWay,
    /// The caller has to carry out a new one.
    New,
}

/// What a step asks of the session.
#[derive(Clone, Debug, Default)]
#[must_use]
pub(crate) struct Effects {
    /// The phase changed: it is announced.
    pub(crate) changed: bool,
    /// The run that was held is over, and with it what its agent did.
    pub(crate) run_over: bool,
    /// The run of this news is held from now on.
    pub(crate) run_begun: bool,
    /// Nobody could use it before.
    pub(crate) usable_since: Option<Timestamp>,
    /// The start that was joined so far is over, and its waiters get this.
    pub(crate) start_ended: Option<Outcome>,
    /// The answer to a stop or a delete that is requested.
    pub(crate) request: RequestNumber,
    /// The answer to [`Event::StartRequested`].
    pub(crate) joined: Option<Joined>,
}
