//! How a session gets from phase to phase: what was requested here, what the runtime saw, and what could not be done.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Sighting;
use super::agent_activity::Agent;
use super::phase::{Event, next};
use super::session_state::Live;
use super::shared_start::Outcome;
use super::{Failure, Observation, PhaseName, Run, Session};

impl Session {
    /// Applies a request or the router's own finding; tells whether anything changed.
    pub(crate) fn apply(&self, event: Event) -> bool {
        let mut live = self.live.lock();
        self.advance(&mut live, event)
    }

    /// Applies what the runtime saw; tells whether anything changed.
    pub(crate) fn observe(&self, mut seen: Sighting) -> bool {
        let mut live = self.live.lock();
        if seen.phase.name == PhaseName::Ready && seen.run.is_none() {
            seen.phase.name = PhaseName::Starting;
        }
        let noted = self.learn(&mut live, seen.memo);
        if let (PhaseName::Stopped, Some(failure)) = (seen.phase.name, &live.memo.failure) {
            seen.phase = Observation::failed(failure.clone());
        }
        live.seen = Some(seen.phase.clone());
        let changed = self.advance(&mut live, Event::Observed(seen.phase)) || noted;
        if self.phase_name() == PhaseName::Ready
            && let Some(run) = seen.run
        {
            self.serve_by(&mut live, run);
        }
        changed
    }

    /// The only place where the phase changes. A stop and a delete end the streams by ending the server, so the run is
    /// over only when they are.
    pub(crate) fn advance(&self, live: &mut Live, event: Event) -> bool {
        let current = self.phase();
        let requested = matches!(event, Event::StartRequested | Event::StopRequested);
        let event = match event {
            Event::Observed(seen) => match (live.requested, seen.name) {
                // How the last run ended may be heard only after the next start was requested.
                (Some(PhaseName::Pending), PhaseName::Stopping | PhaseName::Stopped | PhaseName::Failed) => {
                    return false;
                }
                (Some(PhaseName::Stopping), name) if name != PhaseName::Stopping => Event::Observed(seen),
                _ => {
                    live.requested = None;
                    // A stop that the runtime tells of is over when it says so, also if it came to nothing.
                    if current.name == PhaseName::Stopping { Event::Overruled(seen) } else { Event::Observed(seen) }
                }
            },
            event => event,
        };
        let Some(phase) = next(&current, event, self.clock.now()) else { return false };
        live.requested = if requested { Some(phase.name) } else { live.requested.filter(|name| *name == phase.name) };
        if !matches!(phase.name, PhaseName::Ready | PhaseName::Stopping | PhaseName::Deleting) {
            live.agent = Agent::default();
            if let Some(run) = live.run.take() {
                run.end();
            }
        }
        if phase.name == PhaseName::Ready {
            // However long the start took, nobody could use it before. A run that is taken over began long ago.
            let now = self.clock.now();
            let usable_since = if live.shared_start.is_some() { now } else { phase.since.min(now) };
            self.last_activity.fetch_max(usable_since.as_millisecond(), Ordering::Relaxed);
        }
        self.phase.send_replace(phase);
        true
    }

    fn serve_by(&self, live: &mut Live, run: Arc<Run>) {
        if live.run.as_ref().is_some_and(|current| Arc::ptr_eq(current, &run)) {
            return;
        }
        live.agent = Agent::unknown_since(self.clock.now());
        if let Some(old) = live.run.replace(run) {
            old.end();
        }
    }

    /// What was requested here was not done, because of this failure if there was one: it goes on as the runtime saw it
    /// last, and what the runtime has begun is left to whoever leads. Without a run that goes on it failed. Tells whether
    /// that changed anything.
    pub(crate) fn undo(&self, failure: Option<Failure>) -> bool {
        let mut live = self.live.lock();
        if !matches!(self.phase_name(), PhaseName::Stopping | PhaseName::Deleting) {
            return false;
        }
        live.requested = None;
        let serves = live.run.as_ref().is_some_and(|run| !run.over().is_cancelled());
        let goes_on = |seen: &Observation| match seen.name {
            PhaseName::Ready => serves,
            name => !name.is_settled(),
        };
        let event = match (live.seen.clone().filter(goes_on), failure) {
            (Some(seen), Some(failure)) if !matches!(seen.name, PhaseName::Stopping | PhaseName::Deleting) => {
                Event::Undone(Observation { message: Some(failure.message), ..seen })
            }
            (Some(seen), _) => Event::Undone(seen),
            (None, Some(failure)) => Event::GaveUp(failure),
            // The runtime will tell.
            (None, None) => return false,
        };
        self.advance(&mut live, event)
    }

    /// It is gone, and its server with it: whoever waits for it hears so.
    pub(crate) fn forget(&self) {
        self.interrupt(Event::DeleteRequested, Outcome::Gone);
        if let Some(run) = self.live.lock().run.take() {
            run.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Reason;
    use crate::session::session_state::tests::session;

    fn sees(session: &Session, name: PhaseName) -> PhaseName {
        let mut phase = Observation::of(name);
        phase.failure = (name == PhaseName::Failed).then(|| Failure::new(Reason::OpencodeExited, "it ended"));
        session.observe(Sighting { spec: session.spec().clone(), memo: session.memo(), phase, run: None });
        session.phase_name()
    }

    #[test]
    fn how_the_last_run_ended_is_old_once_the_next_was_requested_and_until_the_runtime_began_it() {
        let session = session();
        session.apply(Event::StartRequested);
        for old in [PhaseName::Stopping, PhaseName::Stopped, PhaseName::Failed] {
            assert_eq!(sees(&session, old), PhaseName::Pending, "{old:?}");
        }
        assert_eq!(sees(&session, PhaseName::Pending), PhaseName::Pending);
        assert_eq!(sees(&session, PhaseName::Failed), PhaseName::Failed, "this run's own end");
    }

    #[test]
    fn a_stop_is_over_when_the_runtime_says_so_from_when_it_has_told_of_it() {
        let session = session();
        session.apply(Event::Observed(Observation::of(PhaseName::Starting)));
        session.apply(Event::StopRequested);
        assert_eq!(sees(&session, PhaseName::Cloning), PhaseName::Stopping, "seen before the stop");
        assert_eq!(sees(&session, PhaseName::Stopping), PhaseName::Stopping);
        assert_eq!(sees(&session, PhaseName::Starting), PhaseName::Starting, "somebody wants it again");
    }

    #[test]
    fn what_could_not_be_done_is_gone_on_with_once_it_was_begun_and_else_never_was() {
        let refused = || Failure::new(Reason::RuntimeError, "Try again.");
        let session = session();
        sees(&session, PhaseName::Starting);
        session.apply(Event::StopRequested);
        assert!(session.undo(Some(refused())));
        let phase = session.phase();
        assert_eq!((phase.name, phase.message.as_deref()), (PhaseName::Starting, Some("Try again.")), "it goes on");

        session.apply(Event::StopRequested);
        sees(&session, PhaseName::Stopping);
        session.undo(Some(refused()));
        assert_eq!(session.phase_name(), PhaseName::Stopping, "whoever leads goes on with it");

        sees(&session, PhaseName::Stopped);
        session.apply(Event::DeleteRequested);
        session.undo(Some(refused()));
        assert_eq!(session.phase_name(), PhaseName::Failed, "nothing runs that could go on");
    }

    #[test]
    fn a_stop_to_which_somebody_objected_leaves_the_phase_as_it_was_and_a_late_objection_changes_nothing() {
        let session = session();
        sees(&session, PhaseName::Starting);
        let before = session.phase();
        session.apply(Event::StopRequested);
        assert!(session.undo(None));
        assert_eq!(session.phase(), before);

        session.apply(Event::StopRequested);
        sees(&session, PhaseName::Stopping);
        sees(&session, PhaseName::Stopped);
        session.apply(Event::StartRequested);
        assert!(!session.undo(None));
        assert_eq!(session.phase_name(), PhaseName::Pending, "another request by now");
    }
}
