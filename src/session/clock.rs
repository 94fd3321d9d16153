//! The wall clock. Tests replace it.

use jiff::{SignedDuration, Timestamp, Unit};
use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};

/// The clock that decides when sessions are idle.
pub trait Clock: Send + Sync + 'static {
    /// Now, to the millisecond.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.round(Unit::Millisecond).unwrap_or(now)
    }
}

/// The machine's clock, smoothed. If the system clock jumps, this clock follows a tenth faster or slower than time
/// passes. A jump therefore makes no session look unused for hours, or used in the future.
pub struct SteadyClock {
    /// The last shown time, and the machine's uptime then, with sleep.
    shown: Mutex<(Timestamp, SignedDuration)>,
}

impl SteadyClock {
    /// Starts at the machine's time.
    pub fn begin() -> Self {
        Self { shown: Mutex::new((Timestamp::now(), since_boot())) }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut shown = self.shown.lock();
        let running = since_boot();
        *shown = (towards(shown.0, running - shown.1, Timestamp::now()), running);
        shown.0.round(Unit::Millisecond).unwrap_or(shown.0)
    }
}

fn since_boot() -> SignedDuration {
    let time = clock_gettime(ClockId::Boottime);
    SignedDuration::new(time.tv_sec, i32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The time after `elapsed`, for a clock that moves towards `wanted`.
fn towards(shown: Timestamp, elapsed: SignedDuration, wanted: Timestamp) -> Timestamp {
    let steady = shown.saturating_add(elapsed).unwrap_or(shown);
    let most = elapsed / 10;
    steady + wanted.duration_since(steady).clamp(-most, most)
}

/// A clock that stands still until a test moves it.
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: jiff::SignedDuration) {
        let mut now = self.0.lock();
        *now += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn changed_clock_is_followed_slowly() {
        let minute = SignedDuration::from_mins(1);
        assert_eq!(towards(at(1_000), minute, at(1_060)), at(1_060), "it was not set");
        assert_eq!(towards(at(1_000), minute, at(1_062)), at(1_062), "it went a little wrong");
        assert_eq!(towards(at(1_000), minute, at(90_000)), at(1_066), "it was put forward");
        assert_eq!(towards(at(1_000), minute, at(0)), at(1_054), "it was put back");
    }

    #[test]
    fn clock_shows_the_machines_time() {
        let clock = SteadyClock::begin();
        let first = clock.now();
        let ahead = SystemClock.now().duration_since(first);
        assert!(ahead < SignedDuration::from_secs(10) && clock.now() >= first, "{ahead}");
    }
}
