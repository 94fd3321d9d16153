//! Waits for a start that many callers can share.

use std::sync::Arc;

use tokio::sync::watch;

use crate::session::{Failure, Outcome, Reason, SharedStart};

/// A waiter of a start. Dropping it ends only this wait.
pub struct StartWaiter(watch::Receiver<Option<Outcome>>);

impl StartWaiter {
    /// A waiter of this start.
    pub(super) fn of(start: &SharedStart) -> Self {
        Self(start.end())
    }

    /// A waiter of a start that will not happen.
    pub(crate) fn never() -> Self {
        Self::of(&SharedStart::default())
    }

    /// The result of the start.
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
