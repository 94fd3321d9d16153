//! The course of a session as one pure value: phase, latest request of this replica, latest observation of the runtime.
//! Only [`Course::step`] changes the phase. A step returns its effects as data, and [`Session`] carries them out.
//!
//! **Observations and requests.** Observations may arrive late. After a request, earlier observations are stale. The
//! first observation that can only follow from the request confirms it. [`Event::StartHeard`] and [`Event::StopHeard`]
//! confirm it too: they follow all observations that the request caused.
//!
//! **When a phase began.** `phase.since` never changes while the phase keeps its name and its run. It comes from the
//! runtime's record, else from the first observation of the phase.
//!
//! [`Session`]: super::Session

use std::sync::Arc;

use jiff::Timestamp;

use super::course_event::{Effects, Event, Joined, RequestNumber, RunId};
use super::shared_start::Outcome;
use super::{Failure, Observation, Phase, PhaseName};

/// A request of this replica that the runtime has not confirmed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// The phase is pending.
    Start,
    /// The phase is stopping.
    Stop,
}

/// The stage of a start that a task of this replica carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartStage {
    /// The start waits for a stop to end, or it timed out and is given up. Requests join it in every phase.
    Apart,
    /// The phase shows the start, which is over when the session is no longer on the way to ready.
    UnderWay,
}

/// The course of a session, as this replica knows it.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    phase: Phase,
    requested: Option<Request>,
    /// The last stop or delete that this replica requested.
    request: RequestNumber,
    /// The runtime's latest observation.
    seen: Option<Phase>,
    start: Option<StartStage>,
    /// What a start under way says while it waits for a place. Only a pending phase shows it.
    queued: Option<String>,
    /// The held run. Only a ready, stopping or deleting session holds one.
    run: Option<RunId>,
}

impl Course {
    /// The course of a session that is first known in this phase.
    pub(crate) fn at(phase: Phase) -> Self {
        Self {
            phase,
            requested: None,
            request: RequestNumber::default(),
            seen: None,
            start: None,
            queued: None,
            run: None,
        }
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether a request of this replica is not confirmed yet.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Whether the runtime has ever observed the session.
    pub(crate) fn was_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether a task of this replica starts the session.
    pub(crate) fn is_awaited(&self) -> bool {
        self.start.is_some()
    }

    /// Applies an event. Never fails: an event that does not fit changes nothing.
    pub(crate) fn step(&mut self, event: Event, now: Timestamp) -> Effects {
        let before = self.phase.clone();
        let mut effects = Effects::default();
        match event {
            Event::StartRequested => effects = self.join(now),
            Event::StartBegun => self.begin(now),
            Event::StartQueued(message) => self.queue(message),
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
                effects.gone = true;
            }
        }
        self.conclude(&before, effects, now)
    }

    fn conclude(&mut self, before: &Phase, mut effects: Effects, now: Timestamp) -> Effects {
        if self.start.is_none() || self.phase.name != PhaseName::Pending {
            self.queued = None;
        }
        if self.queued.is_some() {
            self.phase.message.clone_from(&self.queued);
        }
        effects.changed = self.phase != *before;
        effects.request = self.request;
        if !self.holds_runs() {
            effects.run_over |= self.run.take().is_some();
        }
        if self.phase.name == PhaseName::Ready && (before.name != PhaseName::Ready || effects.run_begun) {
            // Becoming usable counts as a use: now after a start, else when the adopted run became ready.
            effects.usable_since = Some(if self.start.is_some() { now } else { self.phase.since });
        }
        effects
    }

    /// A stop or a delete ends the run's streams by ending its server. The session holds the run until then.
    fn holds_runs(&self) -> bool {
        matches!(self.phase.name, PhaseName::Ready | PhaseName::Stopping | PhaseName::Deleting)
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.phase.name, PhaseName::Stopped | PhaseName::Failed)
    }

    /// Waiters of an ended start get the outcome of that start, never the outcome of a new one.
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

    fn queue(&mut self, message: Option<String>) {
        if self.phase.name == PhaseName::Pending && self.start.is_some() {
            self.phase.message.clone_from(&message);
            self.queued = message;
        }
    }

    /// A failed attempt does not end a ready session.
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
        // This also ends a start that waits for this stop, or for an earlier one.
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
                // The end of the previous run may arrive after the next start was requested.
                (Some(Request::Start), PhaseName::Stopping | PhaseName::Stopped | PhaseName::Failed) => {}
                // The observation may be older than the stop. `StopHeard` reports its end.
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

    /// The runtime has carried out `request` and reported everything. Its latest observation counts.
    fn confirm(&mut self, request: Request, now: Timestamp) {
        if self.requested != Some(request) {
            return;
        }
        self.requested = None;
        match (request, self.seen.clone()) {
            (Request::Stop, Some(seen)) if !matches!(seen.name, PhaseName::Stopped | PhaseName::Failed) => {
                self.believe(seen, false);
            }
            // An exit during a stop is no failure.
            (Request::Stop, seen) => {
                let since = seen.map(|seen| seen.since).filter(|since| *since >= self.phase.since);
                self.enter(Observation { since, ..Observation::of(PhaseName::Stopped) }, now);
            }
            (Request::Start, Some(seen)) => self.believe(seen, false),
            (Request::Start, None) => {}
        }
    }

    /// Reverts a stop or delete that the runtime did not begin; the leader finishes one that it began. If no run is
    /// left, the session fails, or without a failure keeps its phase until the next observation.
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

/// The phase `next`, with the beginning of `last` if both have the same name.
fn since_kept(next: Phase, last: Option<&Phase>) -> Phase {
    let since = last.filter(|last| last.name == next.name).map_or(next.since, |last| last.since);
    Phase { since, ..next }
}

/// The outcome of a start whose session is now in this phase.
pub(crate) fn end_at(phase: &Phase) -> Outcome {
    match (phase.name, &phase.failure) {
        (PhaseName::Ready, _) => Outcome::Ready,
        (PhaseName::Failed, Some(failure)) => Outcome::Failed(Arc::new(failure.clone())),
        (PhaseName::Deleting, _) => Outcome::Gone,
        _ => Outcome::Stopped,
    }
}
