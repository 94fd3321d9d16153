//! A start that many share: one per session however many want it, and each of them hears how it ended.

use std::sync::Arc;

use tokio::sync::watch;

use super::Failure;

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
}
