//! One run of a session, as the router holds it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::supervisor_client::Commands;
use crate::session::Run;

/// A run that is watched.
pub(super) struct WatchedRun {
    pub(super) commands: Commands,
    /// The run, while it answers.
    pub(super) answers: Arc<Mutex<Option<Arc<Run>>>>,
    stage: watch::Receiver<Stage>,
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Stage {
    Live,
    /// Nothing of it runs any more.
    Ended,
    /// And everybody was told.
    Told,
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

    pub(super) async fn told(&mut self) {
        // Whoever watches the run tells of its end before it goes away.
        let _ = self.stage.wait_for(|stage| *stage == Stage::Told).await;
    }
}
