//! The time limit of a start.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::session::{Phase, PhaseName};

/// Returns when a start has taken longer than `limit`. The time begins again with each progress of a clone: a clone ends
/// by itself when nothing comes.
pub(super) async fn start_is_too_slow(limit: Duration, mut phases: watch::Receiver<Phase>) {
    let mut end = Instant::now() + limit;
    loop {
        tokio::select! {
            () = sleep_until(end) => return,
            changed = phases.changed() => match changed {
                Ok(()) if phases.borrow_and_update().name == PhaseName::Cloning => end = Instant::now() + limit,
                Ok(()) => {}
                Err(_) => return pending().await,
            },
        }
    }
}
