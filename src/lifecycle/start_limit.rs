//! The time limits of a start, and of its place.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::start_queue::QueuedStart;
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

/// Holds the place while the start costs something here. A start that waits for a node, an image or a Git server leaves
/// its place to others.
pub(super) async fn hold_while_it_costs(place: QueuedStart, mut phases: watch::Receiver<Phase>, timeout: Duration) {
    loop {
        let waits = waits_elsewhere(&phases.borrow_and_update());
        tokio::select! {
            Ok(()) = phases.changed() => {}
            () = tokio::time::sleep(timeout), if waits => return drop(place),
            else => return drop(place),
        }
    }
}

/// Whether a start waits for others if this phase lasts.
fn waits_elsewhere(phase: &Phase) -> bool {
    let downloads = matches!(phase.name, PhaseName::Pulling | PhaseName::Cloning);
    downloads || (phase.failure.is_some() && phase.name.is_starting())
}
