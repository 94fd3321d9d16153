//! A start that many callers share. Each of them gets its outcome.

use std::sync::Arc;

use tokio::sync::watch;

use super::Failure;

/// How a start ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The session is ready.
    Ready,
    /// The start failed.
    Failed(Arc<Failure>),
    /// The session was stopped meanwhile.
    Stopped,
    /// The session was deleted.
    Gone,
}

/// A start, for the task that runs it.
#[derive(Default)]
pub struct SharedStart {
    end: watch::Sender<Option<Outcome>>,
}

impl SharedStart {
    /// A start that has ended already.
    pub(crate) fn landed(outcome: Outcome) -> Arc<Self> {
        let shared = Self::default();
        shared.land(outcome);
        Arc::new(shared)
    }

    /// Sends the outcome to all waiters. Only the first outcome counts.
    pub(crate) fn land(&self, outcome: Outcome) {
        self.end.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(outcome);
            }
            first
        });
    }

    /// The outcome, once known.
    pub(crate) fn end(&self) -> watch::Receiver<Option<Outcome>> {
        self.end.subscribe()
    }
}
