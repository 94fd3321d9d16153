//! One run of a session, watched by the router.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::supervisor_client::Commands;
use crate::session::Run;

/// A watched run.
pub(super) struct WatchedRun {
    pub(super) commands: Commands,
    /// The run, while opencode answers.
    pub(super) answers: Arc<Mutex<Option<Arc<Run>>>>,
    stage: watch::Receiver<Stage>,
}

/// The progress of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Stage {
    Live,
    /// All its processes have exited.
    Ended,
    /// Its end was also reported.
    Reported,
}

impl WatchedRun {
    pub(super) fn new(
        commands: Commands,
        answers: Arc<Mutex<Option<Arc<Run>>>>,
        stage: watch::Receiver<Stage>,
    ) -> Self {
        Self { commands, answers, stage }
    }

    pub(super) fn is_live(&self) -> bool {
        *self.stage.borrow() == Stage::Live
    }

    pub(super) async fn reported(&mut self) {
        // The watcher reports the run's end before it exits.
        let _ = self.stage.wait_for(|stage| *stage == Stage::Reported).await;
    }
}
