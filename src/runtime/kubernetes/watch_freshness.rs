//! Since when the cache may be outdated.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::watches::ATTEMPT;
use crate::tempo::Tempo;

/// If the last failure is older than this, the watch works again. A broken watch fails at least this often.
const MENDED: Duration = ATTEMPT.saturating_add(Duration::from_secs(5));

/// Since when the watch fails.
pub(super) struct Freshness {
    failing: Mutex<Option<Failing>>,
    mended_after: Duration,
}

#[derive(Clone, Copy)]
struct Failing {
    since: Instant,
    last: Instant,
}

impl Freshness {
    /// No failure so far.
    pub(super) fn at(tempo: Tempo) -> Self {
        Self { failing: Mutex::default(), mended_after: tempo.wait(MENDED) }
    }

    /// Records a failure of a request that keeps the cache current.
    pub(super) fn failed(&self) {
        let now = Instant::now();
        let mut failing = self.failing.lock();
        let since =
            failing.filter(|failing| failing.last.elapsed() < self.mended_after).map_or(now, |failing| failing.since);
        *failing = Some(Failing { since, last: now });
    }

    /// How long the cache may have been outdated. Zero while the watch works.
    pub(super) fn age(&self) -> Duration {
        let failing = *self.failing.lock();
        failing
            .filter(|failing| failing.last.elapsed() < self.mended_after)
            .map_or(Duration::ZERO, |failing| failing.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(since: u64, last: u64) -> Freshness {
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        Freshness { failing: Mutex::new(Some(Failing { since: ago(since), last: ago(last) })), mended_after: MENDED }
    }

    #[test]
    fn repeated_failures_count_from_the_first() {
        let freshness = failing(100, 16);
        freshness.failed();
        assert_eq!(freshness.age().as_secs(), 100);
    }

    #[test]
    fn no_failure_within_an_attempt_means_it_works() {
        let freshness = failing(100, 20);
        assert_eq!(freshness.age(), Duration::ZERO);
        freshness.failed();
        assert_eq!(freshness.age().as_secs(), 0, "this is another failure");
    }
}
