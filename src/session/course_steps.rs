//! A session's steps. Each step and its effects happen under the session's lock.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::agent_activity::Agent;
use super::course_event::{Effects, Event, Joined, RequestNumber, RunId};
use super::session_state::Live;
use super::shared_start::{Outcome, SharedStart};
use super::{Failure, PhaseName, Run, Session, Sighting};

/// The start that a caller waits for.
pub(crate) struct JoinedStart {
    pub(crate) start: Arc<SharedStart>,
    /// Whether the caller must carry it out.
    pub(crate) new: bool,
    /// Whether the phase changed.
    pub(crate) changed: bool,
}

impl Session {
    /// Takes one step. Returns whether the phase changed.
    pub(crate) fn step(&self, event: Event) -> bool {
        self.take(&mut self.live.lock(), event).changed
    }

    /// Requests a stop or a delete. Returns its number, and whether the phase changed.
    pub(crate) fn request(&self, event: Event) -> (RequestNumber, bool) {
        let effects = self.take(&mut self.live.lock(), event);
        (effects.request, effects.changed)
    }

    /// Takes a step of this start, unless another start has replaced it. Returns whether the phase changed.
    pub(crate) fn step_of(&self, start: &Arc<SharedStart>, event: Event) -> bool {
        let mut live = self.live.lock();
        let current = live.shared_start.as_ref().is_some_and(|current| Arc::ptr_eq(current, start));
        current && self.take(&mut live, event).changed
    }

    /// The only place where the phase changes.
    pub(super) fn take(&self, live: &mut Live, event: Event) -> Effects {
        let effects = live.course.step(event, self.clock.now());
        if effects.run_over {
            live.agent = Agent::default();
            if let Some(run) = live.run.take() {
                run.end();
            }
        }
        if let Some(since) = effects.usable_since {
            self.last_activity.fetch_max(since.as_millisecond(), Ordering::Relaxed);
        }
        if effects.changed {
            self.phase.send_replace(live.course.phase().clone());
        }
        if effects.gone {
            self.gone().cancel();
        }
        if let Some(outcome) = &effects.start_ended
            && let Some(start) = live.shared_start.take()
        {
            start.land(outcome.clone());
        }
        effects
    }

    /// Applies the runtime's observation. Returns whether anything changed.
    pub(crate) fn observe(&self, sighting: Sighting) -> bool {
        let Sighting { memo, phase, run, .. } = sighting;
        let mut live = self.live.lock();
        let noted = self.learn(&mut live, memo);
        let seen = phase.with(&live.memo, run.is_some());
        let run = run.filter(|_| seen.name == PhaseName::Ready);
        let effects = self.take(&mut live, Event::Observed(seen, run.as_ref().map(run_id)));
        if effects.run_begun {
            live.agent = Agent::unknown_since(self.clock.now());
            live.run = run;
        }
        effects.changed || noted || effects.run_begun
    }

    /// The start under way, or a new one.
    pub(crate) fn join_start(&self) -> JoinedStart {
        let mut live = self.live.lock();
        let Effects { joined, changed, .. } = self.take(&mut live, Event::StartRequested);
        let known = match joined {
            Some(Joined::Over(outcome)) => Some(SharedStart::landed(outcome)),
            Some(Joined::UnderWay) => live.shared_start.clone(),
            Some(Joined::New) | None => None,
        };
        let new = known.is_none();
        let start = known.unwrap_or_else(|| live.shared_start.insert(Arc::default()).clone());
        JoinedStart { start, new, changed }
    }

    /// The task of this start has ended: with `outcome`, or without one at shutdown.
    pub(crate) fn leave_start(&self, start: &Arc<SharedStart>, outcome: Option<Outcome>) {
        let mut live = self.live.lock();
        if live.shared_start.take_if(|current| Arc::ptr_eq(current, start)).is_some() {
            let _ = self.take(&mut live, Event::StartLeft);
        }
        if let Some(outcome) = outcome {
            start.land(outcome);
        }
        // During this start, listeners ignored `stopped` as passing. Notify them again.
        self.phase.send_if_modified(|phase| phase.name == PhaseName::Stopped);
    }

    /// Reverts a stop or delete that was not done. Returns whether the phase changed.
    pub(crate) fn not_done(&self, request: RequestNumber, failure: Option<Failure>) -> bool {
        let mut live = self.live.lock();
        let serves = live.run.as_ref().is_some_and(|run| !run.over().is_cancelled());
        self.take(&mut live, Event::NotDone { request, failure, serves }).changed
    }
}

/// Unique while the session holds the run: no other run has its address.
fn run_id(run: &Arc<Run>) -> RunId {
    RunId(Arc::as_ptr(run).addr())
}
