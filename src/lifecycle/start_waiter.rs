//! Waiting for a start that many may share.

use std::sync::Arc;

use tokio::sync::watch;

use crate::session::{Failure, Outcome, Reason, SharedStart};

/// One who waits for a start. Dropping it ends the waiting and nothing else.
pub struct StartWaiter(watch::Receiver<Option<Outcome>>);

impl StartWaiter {
    /// Waits for this start.
    pub(super) fn of(start: &SharedStart) -> Self {
        Self(start.end())
    }

    /// One who waits for a start that will not be.
    pub(crate) fn never() -> Self {
        Self::of(&SharedStart::default())
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
