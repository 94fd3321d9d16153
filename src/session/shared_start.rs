//! A start in shared start: one per session however many want it, and each of them hears how it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::phase::Event;
use super::{Failure, Phase, PhaseName, Session};

/// How a start ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The session is ready.
    Ready,
    /// It could not be started.
    Failed(Arc<Failure>),
    /// Somebody stopped it meanwhile.
    Stopped,
    /// It was deleted.
    Gone,
}

/// The start itself, as the one who runs it sees it.
#[derive(Default)]
pub struct SharedStart {
    end: watch::Sender<Option<Outcome>>,
    over_with_phase: AtomicBool,
}

impl SharedStart {
    /// A start that is over already.
    pub(crate) fn landed(outcome: Outcome) -> Arc<Self> {
        let shared = Self::default();
        shared.land(outcome);
        Arc::new(shared)
    }

    /// Tells everybody who waits. Only the first end counts.
    pub(crate) fn land(&self, outcome: Outcome) {
        self.end.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(outcome);
            }
            first
        });
    }

    /// The end, once there is one.
    pub(crate) fn end(&self) -> watch::Receiver<Option<Outcome>> {
        self.end.subscribe()
    }

    /// From now on it is over as soon as its session is not on its way to ready, also if its end was not told yet; or not
    /// any more.
    pub(crate) fn set_over_with_phase(&self, over: bool) {
        self.over_with_phase.store(over, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(crate) fn is_over_with_phase(&self) -> bool {
        self.over_with_phase.load(Ordering::Relaxed)
    }
}

impl Session {
    /// The start that is under way, or a new one that the caller has to run. Whoever waits for one that is over and did not
    /// say so yet hears how it ended, not how the new one will.
    pub(crate) fn join_start(&self) -> (Arc<SharedStart>, bool) {
        let mut live = self.live.lock();
        let phase = self.phase();
        match &live.shared_start {
            _ if matches!(phase.name, PhaseName::Ready | PhaseName::Deleting) => {
                (SharedStart::landed(end_at(phase)), false)
            }
            Some(shared_start) if phase.name.is_starting() || !shared_start.is_over_with_phase() => {
                (shared_start.clone(), false)
            }
            last => {
                if let Some(last) = last {
                    last.land(end_at(phase));
                }
                (live.shared_start.insert(Arc::default()).clone(), true)
            }
        }
    }

    /// Forgets the start, if it is still this one.
    pub(crate) fn leave_start(&self, shared_start: &Arc<SharedStart>) {
        let mut live = self.live.lock();
        if live.shared_start.as_ref().is_some_and(|current| Arc::ptr_eq(current, shared_start)) {
            live.shared_start = None;
        }
    }

    /// Applies a request that ends the start under way: its waiters are told `outcome`, later ones begin anew.
    pub(crate) fn interrupt(&self, event: Event, outcome: Outcome) -> bool {
        let (changed, shared_start) = {
            let mut live = self.live.lock();
            let changed = self.advance(&mut live, event);
            // Whoever waits for the end of a stop that goes on, to start it again, is told as well.
            let over = matches!(self.phase_name(), PhaseName::Stopping | PhaseName::Deleting);
            (changed, over.then(|| live.shared_start.take()).flatten())
        };
        if let Some(shared_start) = shared_start {
            shared_start.land(outcome);
        }
        changed
    }
}

/// How a start ended whose session is in this phase now.
pub(crate) fn end_at(phase: Phase) -> Outcome {
    match (phase.name, phase.failure) {
        (PhaseName::Ready, _) => Outcome::Ready,
        (PhaseName::Failed, Some(failure)) => Outcome::Failed(Arc::new(failure)),
        (PhaseName::Deleting, _) => Outcome::Gone,
        _ => Outcome::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Reason;
    use crate::session::session_state::tests::session;

    #[test]
    fn a_start_that_is_over_is_not_joined_and_who_waits_for_it_hears_of_its_own_end() {
        let session = session();
        let (last, fresh) = session.join_start();
        assert!(fresh);
        assert!(!session.join_start().1, "it waits for the end of a stop, or is about to begin");
        last.set_over_with_phase(true);
        session.apply(Event::StartRequested);
        assert!(!session.join_start().1, "it goes on");
        let waits = last.end();
        session.apply(Event::GaveUp(Failure::new(Reason::CloneFailed, "no")));
        let (next, fresh) = session.join_start();
        assert!(fresh);
        let outcome = waits.borrow().clone();
        assert!(matches!(&outcome, Some(Outcome::Failed(failure)) if failure.message == "no"), "{outcome:?}");
        assert!(Arc::ptr_eq(&session.join_start().0, &next));
        session.leave_start(&last);
        assert!(session.is_awaited(), "the next one goes on");
    }
}
