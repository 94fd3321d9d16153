//! The time limits of a start, and of its place.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::start_queue::QueuedStart;
use crate::session::{Phase, PhaseName};

/// The time limit of a start whose clone makes progress all the time. Without one, a server that sends a byte now and then
/// would keep it for ever.
pub(super) const LONGEST_CLONE: Duration = Duration::from_secs(24 * 60 * 60);
/// A download holds its place for this many place time-outs, even if it makes progress.
const PATIENCE: u32 = 12;

/// Returns when a start has taken longer than `limit`. The time begins again with each progress of a clone, up to
/// `longest` in total: a clone ends by itself when nothing comes.
pub(super) async fn start_is_too_slow(limit: Duration, longest: Duration, mut phases: watch::Receiver<Phase>) {
    let last = Instant::now() + longest.max(limit);
    let mut end = Instant::now() + limit;
    loop {
        tokio::select! {
            () = sleep_until(end.min(last)) => return,
            changed = phases.changed() => match changed {
                Ok(()) if phases.borrow_and_update().name == PhaseName::Cloning => end = Instant::now() + limit,
                Ok(()) => {}
                Err(_) => return pending().await,
            },
        }
    }
}

/// Holds the place while the start costs something here. A start that waits for a node, an image or a Git server leaves
/// its place to others: after `timeout` without progress, and a long download in any case.
pub(super) async fn hold_while_it_costs(place: QueuedStart, mut phases: watch::Receiver<Phase>, timeout: Duration) {
    let begun = Instant::now();
    loop {
        let waits = waits_elsewhere(&phases.borrow_and_update());
        let left = timeout.saturating_mul(PATIENCE).saturating_sub(begun.elapsed());
        tokio::select! {
            Ok(()) = phases.changed() => {}
            () = tokio::time::sleep(timeout.min(left)), if waits => return drop(place),
            else => return drop(place),
        }
    }
}

/// Whether a start waits for others if this phase lasts.
fn waits_elsewhere(phase: &Phase) -> bool {
    let downloads = matches!(phase.name, PhaseName::Pulling | PhaseName::Cloning);
    downloads || (phase.failure.is_some() && phase.name.is_starting())
}

#[cfg(test)]
mod tests {
    use super::super::start_queue::{StartKind, StartQueue};
    use super::*;
    use crate::session::{Email, Observation};

    /// Phases of a clone that makes progress all the time.
    async fn clones_on(phases: watch::Sender<Phase>) {
        for percent in (0..100).cycle() {
            let clone = Observation { percent: Some(percent), ..Observation::of(PhaseName::Cloning) };
            phases.send_replace(Phase::observed(clone, jiff::Timestamp::UNIX_EPOCH));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn phases() -> watch::Sender<Phase> {
        let pending = Observation::of(PhaseName::Pending);
        watch::Sender::new(Phase::observed(pending, jiff::Timestamp::UNIX_EPOCH))
    }

    #[tokio::test]
    async fn clone_that_never_ends_loses_its_place_and_its_start() {
        let queue = StartQueue::new(|| 1);
        let join = |owner: &str| queue.join(&Email::parse(owner).unwrap(), StartKind::First);
        let (mut first, mut second, phases) = (join("ann@x"), join("bob@x"), phases());
        first.turn(|_| {}).await;
        let timeout = Duration::from_millis(10);
        let held = hold_while_it_costs(first, phases.subscribe(), timeout);
        let slow = start_is_too_slow(timeout, 20 * timeout, phases.subscribe());
        let ends = async { tokio::join!(held, slow, second.turn(|_| {})) };
        tokio::select! {
            ended = tokio::time::timeout(Duration::from_secs(30), ends) => drop(ended.expect("both limits hold")),
            () = clones_on(phases) => {}
        }
    }
}
