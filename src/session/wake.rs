//! A start in flight: one per session however many want it, and each of them hears how it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::{Failure, Reason};

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
pub(super) struct Flight {
    end: watch::Sender<Option<Outcome>>,
    over_with_phase: AtomicBool,
}

impl Flight {
    /// A start that is over already.
    pub(super) fn landed(outcome: Outcome) -> Arc<Self> {
        let flight = Self::default();
        flight.land(outcome);
        Arc::new(flight)
    }

    /// Tells everybody who waits. Only the first end counts.
    pub(super) fn land(&self, outcome: Outcome) {
        self.end.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(outcome);
            }
            first
        });
    }

    /// Waits for its end.
    pub(super) fn wake(&self) -> Wake {
        Wake(self.end.subscribe())
    }

    /// From now on it is over as soon as its session is not on its way to ready, also if its end was not told yet; or not
    /// any more.
    pub(super) fn set_over_with_phase(&self, over: bool) {
        self.over_with_phase.store(over, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(super) fn is_over_with_phase(&self) -> bool {
        self.over_with_phase.load(Ordering::Relaxed)
    }
}

/// One who waits for a start. Dropping it ends the waiting and nothing else.
pub struct Wake(watch::Receiver<Option<Outcome>>);

impl Wake {
    /// One who waits for a start that will not be.
    pub(super) fn never() -> Self {
        Flight::default().wake()
    }

    /// How the start ended.
    pub async fn outcome(mut self) -> Outcome {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Outcome::Gone),
            Err(_) => Outcome::Failed(Arc::new(Failure::new(
                Reason::RuntimeError,
                "The router is shutting down. Try again in a moment.",
            ))),
        }
    }
}
