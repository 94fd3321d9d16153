//! A rate limit for work that strangers can cause: bursts of 20, then 5 per second.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Burst size.
const BURST: u32 = 20;
/// Time until one more is allowed.
const EACH: Duration = Duration::from_millis(200);

/// The remaining allowance, stored as the time when it is full again.
pub(super) struct Allowance {
    whole_at: Mutex<Instant>,
}

impl Allowance {
    /// A full allowance.
    pub(super) fn whole() -> Self {
        Self { whole_at: Mutex::new(Instant::now()) }
    }

    /// Takes one, if available.
    pub(super) fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut whole_at = self.whole_at.lock();
        let then = (*whole_at).max(now) + EACH;
        let left = then <= now + EACH * BURST;
        if left {
            *whole_at = then;
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowance_refills_up_to_its_burst() {
        let allowance = Allowance::whole();
        let begun = Instant::now();
        let takes = |after: Duration| (0..1000).filter(|_| allowance.take_at(begun + after)).count();
        assert_eq!(takes(Duration::ZERO), 20);
        assert_eq!(takes(EACH - Duration::from_millis(1)), 0);
        assert_eq!(takes(EACH * 3), 3);
        assert_eq!(takes(Duration::from_secs(3600)), 20);
    }
}
