//! The course of a session: its phase, what was requested here and what the runtime told last, as one pure value. Every
//! move from phase to phase is a [`Course::step`]. A step returns its effects as data, and [`Session`] carries them out.
//!
//! **News and requests.** A runtime's news may be late. After a start or a stop was requested here, earlier news is old.
//! The request is confirmed by the first news that can only follow from it, or by [`Event::StartHeard`] and
//! [`Event::StopHeard`]: then the runtime has done it and has told everything.
//!
//! **When a phase began.** `phase.since` never changes while the phase keeps its name and its run. The runtime's record
//! counts where it tells, else the first sight of the phase.
//!
//! [`Session`]: super::Session

use std::sync::Arc;

use jiff::Timestamp;

use super::course_event::{Effects, Event, Joined, RequestNumber, RunId};
use super::shared_start::Outcome;
use super::{Failure, Observation, Phase, PhaseName};

/// A request of this replica that the runtime did not confirm yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// The phase is pending.
    Start,
    /// The phase is stopping.
    Stop,
}

/// How far the start is that a task of this replica carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartStage {
    /// It waits for the end of a stop, or it was too slow and is given up. A request joins it in every phase.
    Apart,
    /// The phase shows it. It is over when the phase is not on the way to ready any more.
    UnderWay,
}

/// Where a session is in its life, as this replica knows it.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    phase: Phase,
    requested: Option<Request>,
    /// The last stop or delete that was requested here.
    request: RequestNumber,
    /// What the runtime told last.
    seen: Option<Phase>,
    start: Option<StartStage>,
    /// The run that is held: of a session that is ready, or stops, or goes away.
    run: Option<RunId>,
}

impl Course {
    /// A session that is first known in this phase.
    pub(crate) fn at(phase: Phase) -> Self {
        Self { phase, requested: None, request: RequestNumber::default(), seen: None, start: None, run: None }
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether the runtime did not confirm yet what was requested here.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Whether the runtime ever told of it.
    pub(crate) fn was_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether a task of this replica starts it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.start.is_some()
    }

    /// Moves on. Never fails: an event that does not fit changes nothing.
    pub(crate) fn step(&mut self, event: Event, now: Timestamp) -> Effects {
        let before = self.phase.clone();
        let mut effects = Effects::default();
        match event {
            Event::StartRequested => effects = self.join(now),
            Event::StartBegun => self.begin(now),
            Event::StartHeard => self.confirm(Request::Start, now),
            Event::StartTooSlow => self.start = self.start.map(|_| StartStage::Apart),
            Event::StartFailed(failure) => self.start_failed(failure, now),
            Event::StartLeft => self.start = None,
            Event::StopRequested => effects.start_ended = self.stop(now),
            Event::StopHeard(request) if request == self.request => self.confirm(Request::Stop, now),
            Event::DeleteRequested => effects.start_ended = self.delete(now),
            Event::Observed(seen, run) => effects = self.observe(seen, run, now),
            Event::NotDone { request, failure, serves } if request == self.request => self.undo(failure, serves, now),
            Event::StopHeard(_) | Event::NotDone { .. } => {}
            Event::Gone => {
                effects.start_ended = self.delete(now);
                effects.run_over = self.run.take().is_some();
            }
        }
        self.conclude(&before, effects, now)
    }

    fn conclude(&mut self, before: &Phase, mut effects: Effects, now: Timestamp) -> Effects {
        effects.changed = self.phase != *before;
        effects.request = self.request;
        if !self.holds_runs() {
            effects.run_over |= self.run.take().is_some();
        }
        if self.phase.name == PhaseName::Ready && (before.name != PhaseName::Ready || effects.run_begun) {
            // However long a start took, nobody could use it before. A run that is taken over is ready for long.
            effects.usable_since = Some(if self.start.is_some() { now } else { self.phase.since });
        }
        effects
    }

    /// A stop and a delete end the streams of the run by ending its server: the run is over only when they are.
    fn holds_runs(&self) -> bool {
        matches!(self.phase.name, PhaseName::Ready | PhaseName::Stopping | PhaseName::Deleting)
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.phase.name, PhaseName::Stopped | PhaseName::Failed)
    }

    /// Waiters of a start that is over, and has not said so yet, get that start's end and never the new one's.
    fn join(&mut self, now: Timestamp) -> Effects {
        let joined = match self.start {
            _ if matches!(self.phase.name, PhaseName::Ready | PhaseName::Deleting) => Joined::Over(end_at(&self.phase)),
            Some(stage) if stage == StartStage::Apart || self.phase.name.is_starting() => Joined::UnderWay,
            _ => Joined::New,
        };
        let mut effects = Effects::default();
        if matches!(joined, Joined::New) {
            effects.start_ended = self.start.map(|_| end_at(&self.phase));
            self.start = Some(StartStage::Apart);
            self.want(now);
        }
        effects.joined = Some(joined);
        effects
    }

    fn begin(&mut self, now: Timestamp) {
        self.start = self.start.map(|_| StartStage::UnderWay);
        self.want(now);
    }

    fn want(&mut self, now: Timestamp) {
        if self.is_at_rest() {
            self.enter(Observation::of(PhaseName::Pending), now);
            self.requested = Some(Request::Start);
        }
    }

    /// What is ready goes on, whatever another attempt came to.
    fn start_failed(&mut self, failure: Failure, now: Timestamp) {
        if self.start.is_some() && !matches!(self.phase.name, PhaseName::Ready | PhaseName::Deleting) {
            self.enter(Observation::failed(failure), now);
        }
    }

    fn stop(&mut self, now: Timestamp) -> Option<Outcome> {
        if !matches!(self.phase.name, PhaseName::Stopped | PhaseName::Stopping | PhaseName::Deleting) {
            self.ask(PhaseName::Stopping, now);
            self.requested = Some(Request::Stop);
        }
        // Also one that waits for the end of this stop, or of the one before.
        self.start.take().map(|_| Outcome::Stopped)
    }

    fn delete(&mut self, now: Timestamp) -> Option<Outcome> {
        if self.phase.name != PhaseName::Deleting {
            self.ask(PhaseName::Deleting, now);
        }
        self.start.take().map(|_| Outcome::Gone)
    }

    fn ask(&mut self, name: PhaseName, now: Timestamp) {
        self.request.0 += 1;
        self.enter(Observation::of(name), now);
    }

    fn observe(&mut self, seen: Observation, run: Option<RunId>, now: Timestamp) -> Effects {
        let another = run.is_some() && self.run.is_some() && run != self.run;
        let seen = since_kept(Phase::observed(seen, now), self.seen.as_ref().filter(|_| !another));
        self.seen = Some(seen.clone());
        if self.phase.name != PhaseName::Deleting {
            match (self.requested, seen.name) {
                // The last run's end. It may be heard after the next start was requested.
                (Some(Request::Start), PhaseName::Stopping | PhaseName::Stopped | PhaseName::Failed) => {}
                // It may have been seen before the stop. Whether it is over, the end of the request tells.
                (Some(Request::Stop), name) if name != PhaseName::Stopping => {}
                _ => {
                    self.believe(seen, another);
                    self.seen = Some(self.phase.clone());
                }
            }
        }
        let begun = run.is_some() && run != self.run && self.holds_runs();
        let over = begun && self.run.is_some();
        if begun {
            self.run = run;
        }
        Effects { run_begun: begun, run_over: over, ..Effects::default() }
    }

    /// The runtime has done `request` and has told everything: what it told last counts.
    fn confirm(&mut self, request: Request, now: Timestamp) {
        if self.requested != Some(request) {
            return;
        }
        self.requested = None;
        match (request, self.seen.clone()) {
            (Request::Stop, Some(seen)) if !matches!(seen.name, PhaseName::Stopped | PhaseName::Failed) => {
                self.believe(seen, false);
            }
            // How a process ends while it is stopped is no failure.
            (Request::Stop, seen) => {
                let since = seen.map(|seen| seen.since).filter(|since| *since >= self.phase.since);
                self.enter(Observation { since, ..Observation::of(PhaseName::Stopped) }, now);
            }
            (Request::Start, Some(seen)) => self.believe(seen, false),
            (Request::Start, None) => {}
        }
    }

    /// Goes on as the runtime saw it last; what the runtime has begun is left to the leader. Without a run that goes on it
    /// failed, or the runtime will tell.
    fn undo(&mut self, failure: Option<Failure>, serves: bool, now: Timestamp) {
        if !matches!(self.phase.name, PhaseName::Stopping | PhaseName::Deleting) {
            return;
        }
        self.requested = None;
        let goes_on = self.seen.clone().filter(|seen| match seen.name {
            PhaseName::Ready => serves && self.run.is_some(),
            name => !name.is_settled(),
        });
        match (goes_on, failure) {
            (Some(mut seen), failure) => {
                if let Some(failure) = failure.filter(|_| seen.name.is_starting() || seen.name == PhaseName::Ready) {
                    seen.message = Some(failure.message);
                }
                self.believe(seen, false);
            }
            (None, Some(failure)) => self.enter(Observation::failed(failure), now),
            (None, None) => {}
        }
    }

    fn enter(&mut self, seen: Observation, now: Timestamp) {
        self.believe(Phase::observed(seen, now), false);
    }

    fn believe(&mut self, seen: Phase, another_run: bool) {
        self.requested = None;
        self.phase = since_kept(seen, Some(&self.phase).filter(|_| !another_run));
    }
}

/// The phase `next`, which goes on since `last` began if that has the same name.
fn since_kept(next: Phase, last: Option<&Phase>) -> Phase {
    let since = last.filter(|last| last.name == next.name).map_or(next.since, |last| last.since);
    Phase { since, ..next }
}

/// How a start ended whose session is in this phase now.
pub(crate) fn end_at(phase: &Phase) -> Outcome {
    match (phase.name, &phase.failure) {
        (PhaseName::Ready, _) => Outcome::Ready,
        (PhaseName::Failed, Some(failure)) => Outcome::Failed(Arc::new(failure.clone())),
        (PhaseName::Deleting, _) => Outcome::Gone,
        _ => Outcome::Stopped,
    }
}
