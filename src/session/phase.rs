//! The phases of a session and the one function that moves from one to the next.
//!
//! ```text
//! pending → scheduling → pulling → cloning → starting → ready → stopping → stopped
//!    └──────────┴───────────┴─────────┴─────────┴─────────┴→ failed       deleting (from anywhere)
//! ```
//! `stopped` and `failed` go back to `pending` when somebody wants the session again.

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
    /// Since when, where the runtime's record tells; else the moment it is first seen counts.
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
        Self { name, since: since.unwrap_or(now), message, percent, failure }
    }

    fn plain(name: PhaseName, now: Timestamp) -> Self {
        Self::observed(Observation::of(name), now)
    }
}

/// What can move a session to another phase.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody wants it to run.
    StartRequested,
    /// Somebody, or the idle rule, wants it to stop.
    StopRequested,
    /// Its owner wants it gone.
    DeleteRequested,
    /// The runtime saw it.
    Observed(Observation),
    /// The runtime saw it, and what was requested before does not count any more.
    Overruled(Observation),
    /// The router could not do what was requested.
    GaveUp(Failure),
    /// The router could not begin what was requested: it is where the runtime saw it last.
    Undone(Observation),
}

/// The phase after `event`, or `None` where the event changes nothing.
pub fn next(current: &Phase, event: Event, now: Timestamp) -> Option<Phase> {
    use PhaseName::{Deleting, Failed, Pending, Stopped, Stopping};
    match (current.name, event) {
        (_, Event::Undone(seen)) => Some(Phase::observed(seen, now)),
        (Stopped | Failed, Event::StartRequested) => Some(Phase::plain(Pending, now)),
        (Stopped | Stopping | Deleting, Event::StopRequested) | (_, Event::StartRequested) => None,
        (_, Event::StopRequested) => Some(Phase::plain(Stopping, now)),
        (Deleting, Event::DeleteRequested | Event::Observed(_) | Event::Overruled(_)) => None,
        (_, Event::DeleteRequested) => Some(Phase::plain(Deleting, now)),
        (_, Event::GaveUp(failure)) => Some(Phase::observed(Observation::failed(failure), now)),
        // How a process ends while it is stopped is no failure, and what was seen before the stop is old.
        (Stopping, Event::Observed(seen)) => matches!(seen.name, Stopped | Failed).then(|| Phase::plain(Stopped, now)),
        (_, Event::Observed(seen) | Event::Overruled(seen)) => {
            let since = if seen.name == current.name { current.since } else { now };
            let phase = Phase::observed(seen, since);
            (phase != *current).then_some(phase)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PhaseName::*;
    use super::*;

    const ALL: [PhaseName; 10] =
        [Pending, Scheduling, Pulling, Cloning, Starting, Ready, Stopping, Stopped, Failed, Deleting];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn after(name: PhaseName, event: Event) -> PhaseName {
        let current = Phase::plain(name, at(1));
        next(&current, event, at(2)).map_or(name, |phase| phase.name)
    }

    #[test]
    fn requests() {
        for name in ALL {
            let started = if matches!(name, Stopped | Failed) { Pending } else { name };
            assert_eq!(after(name, Event::StartRequested), started, "start {name:?}");
            let stopped = if matches!(name, Stopped | Deleting) { name } else { Stopping };
            assert_eq!(after(name, Event::StopRequested), stopped, "stop {name:?}");
            assert_eq!(after(name, Event::DeleteRequested), Deleting, "delete {name:?}");
        }
    }

    #[test]
    fn observations_are_believed_but_for_stopping_and_deleting() {
        for name in ALL {
            for seen in ALL {
                let expected = match name {
                    Deleting => Deleting,
                    Stopping if matches!(seen, Stopped | Failed) => Stopped,
                    Stopping => Stopping,
                    _ => seen,
                };
                assert_eq!(after(name, Event::Observed(Observation::of(seen))), expected, "{name:?} sees {seen:?}");
            }
        }
    }

    #[test]
    fn a_delete_that_fails_shows() {
        let failure = Failure::new(Reason::DeleteFailed, "no");
        assert_eq!(after(Deleting, Event::GaveUp(failure)), Failed);
    }

    #[test]
    fn what_could_not_be_begun_leaves_everything_as_it_was() {
        for (requested, seen) in [(Stopping, Ready), (Deleting, Ready), (Deleting, Cloning), (Deleting, Deleting)] {
            assert_eq!(after(requested, Event::Undone(Observation::of(seen))), seen, "{requested:?} at {seen:?}");
        }
    }

    #[test]
    fn progress_keeps_the_beginning_and_repetition_changes_nothing() {
        let cloning = Phase::plain(Cloning, at(1));
        let more = Observation { percent: Some(40), ..Observation::of(Cloning) };
        let phase = next(&cloning, Event::Observed(more.clone()), at(5)).unwrap();
        assert_eq!((phase.since, phase.percent), (at(1), Some(40)));
        assert_eq!(next(&phase, Event::Observed(more), at(6)), None);
    }
}
