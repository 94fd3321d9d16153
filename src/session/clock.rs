//! The wall clock, which tests replace.

use jiff::{SignedDuration, Timestamp, Unit};
use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};

/// Tells the time by which sessions become idle.
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

/// The machine's clock for the router. When that is set while the router runs, this one follows a tenth faster or slower
/// than time passes: no session looks as if nobody had used it for hours, or as if it were used hours from now.
pub struct SteadyClock {
    /// What it showed last, and how long the machine had run then, sleep included.
    shown: Mutex<(Timestamp, SignedDuration)>,
}

impl SteadyClock {
    /// A clock that begins with the machine's.
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

/// What a clock shows after `elapsed` that is to get to `wanted`.
fn towards(shown: Timestamp, elapsed: SignedDuration, wanted: Timestamp) -> Timestamp {
    let steady = shown.saturating_add(elapsed).unwrap_or(shown);
    let most = elapsed / 10;
    steady + wanted.duration_since(steady).clamp(-most, most)
}

/// A clock that stands still until it is told to go on.
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Puts the clock forward.
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
