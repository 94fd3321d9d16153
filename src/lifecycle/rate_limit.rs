//! Rate limits for work that callers can cause in the cluster: bursts of 20, then 5 per second, for each caller.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::session::{Email, SessionId};

/// 20.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// 5.
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
/// Number of remembered callers from which on callers with a full allowance are forgotten.
const MOST_CALLERS: usize = 10_000;

/// Somebody without a proven identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stranger {
    /// A client, by its address.
    Peer(IpAddr),
    /// One of the clients behind a proxy, by the known session that it asks for.
    AsksFor(SessionId),
    /// One of the clients behind a proxy, asking for an unknown session. All of them share one allowance.
    Unknown,
}

/// A caller has used up its allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// Time until the next one is allowed.
    pub retry_after: Duration,
}

/// 100 changes of a user's secrets at once, then one each 2 seconds: each stores all of them again.
const CHANGES: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
const CHANGE_PERIOD: Duration = Duration::from_secs(2);

/// Rate limits for changes of secrets. No user uses up the allowance of another.
pub(super) struct SecretLimits(DefaultKeyedRateLimiter<Email>);

impl SecretLimits {
    pub(super) fn new() -> Self {
        let quota = Quota::with_period(CHANGE_PERIOD).unwrap_or(Quota::per_second(PER_SECOND)).allow_burst(CHANGES);
        Self(RateLimiter::keyed(quota))
    }

    /// Whether this user may make one more change.
    pub(super) fn user(&self, email: &Email) -> Result<(), TooMany> {
        check(&self.0, email)
    }
}

/// Rate limits for refreshes. No caller uses up the allowance of another.
pub(super) struct RefreshLimits {
    users: DefaultKeyedRateLimiter<Email>,
    strangers: DefaultKeyedRateLimiter<Stranger>,
}

impl RefreshLimits {
    pub(super) fn new() -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self { users: RateLimiter::keyed(quota), strangers: RateLimiter::keyed(quota) }
    }

    /// Whether this user may cause one more refresh.
    pub(super) fn user(&self, email: &Email) -> Result<(), TooMany> {
        check(&self.users, email)
    }

    /// Whether this stranger may cause one more refresh.
    pub(super) fn stranger(&self, stranger: &Stranger) -> Result<(), TooMany> {
        check(&self.strangers, stranger)
    }
}

fn check<K: Clone + Eq + Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), TooMany> {
    if limiter.len() > MOST_CALLERS {
        limiter.retain_recent();
    }
    limiter
        .check_key(key)
        .map_err(|not_until| TooMany { retry_after: not_until.wait_time_from(DefaultClock::default().now()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_without_allowance_leaves_others_alone() {
        let limits = RefreshLimits::new();
        let (one, two) = (Stranger::Peer([192, 0, 2, 1].into()), Stranger::Peer([192, 0, 2, 2].into()));
        let allowed = (0..100).filter(|_| limits.stranger(&one).is_ok()).count();
        assert!((20..25).contains(&allowed), "{allowed}");
        let refused = limits.stranger(&one).unwrap_err();
        assert!(refused.retry_after <= Duration::from_millis(200), "{refused:?}");
        assert!(limits.stranger(&two).is_ok() && limits.user(&Email::parse("a@b").unwrap()).is_ok());
    }
}
