//! The clocks of two replicas differ by hours, or one jumps. The leader still stops idle sessions and no others, and
//! one replica leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use opencode_router::session::clock::SystemClock;
use opencode_router::session::{Clock, PhaseName, SessionId};

use crate::replicas::two::{Replica, limits};
use crate::support::kubernetes::Namespace;

/// Idle timeout, in seconds.
const IDLE: i64 = 6;
/// Time of use: several idle timeouts.
const USED: Duration = Duration::from_secs(18);

/// The machine's clock with an offset.
#[derive(Default)]
struct Set(AtomicI64);

impl Set {
    fn by_hours(&self, hours: i64) {
        self.0.store(hours * 3600, Ordering::Relaxed);
    }
}

impl Clock for Set {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// The leader and the follower, each with its own clock.
struct Pair {
    namespace: Namespace,
    leader: Replica,
    leaders: Arc<Set>,
    follower: Replica,
    followers: Arc<Set>,
}

impl Pair {
    async fn begin() -> Self {
        let namespace = Namespace::create().await;
        let (first, second) = (Arc::<Set>::default(), Arc::<Set>::default());
        let (one, other) = Replica::pair_by(&namespace, limits(IDLE), first.clone(), second.clone()).await;
        match one.lifecycle.role().leads {
            true => Self { namespace, leader: one, leaders: first, follower: other, followers: second },
            false => Self { namespace, leader: other, leaders: second, follower: one, followers: first },
        }
    }

    /// A session that both replicas observe as ready.
    async fn ready(&self) -> SessionId {
        let id = self.leader.open().await.id();
        self.leader.sees(id, PhaseName::Ready).await;
        self.follower.sees(id, PhaseName::Ready).await;
        id
    }

    /// Uses the session through the follower. The leader never stops it, and one replica keeps leading.
    async fn is_kept_while_it_is_used(&self, id: SessionId) {
        let session = self.follower.session(id).await;
        let begun = Instant::now();
        while begun.elapsed() < USED {
            session.touch();
            for replica in [&self.leader, &self.follower] {
                let phase = replica.session(id).await.phase_name();
                assert_eq!(phase, PhaseName::Ready, "after {:?}", begun.elapsed());
            }
            assert!(self.leader.lifecycle.role().leads && !self.follower.lifecycle.role().leads, "one leads");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// After the last use, the leader stops the session soon, not after hours.
    async fn is_stopped_when_it_is_not(&self, id: SessionId) {
        let begun = Instant::now();
        self.leader.sees(id, PhaseName::Stopped).await;
        eprintln!("unused for {IDLE} s, it is stopped after {} ms", begun.elapsed().as_millis());
        self.follower.sees(id, PhaseName::Stopped).await;
    }

    async fn end(self) {
        self.leader.end().await;
        self.follower.end().await;
        drop(self.namespace);
    }
}

async fn one_that_does_not_lead_is_off_by_hours(hours: i64) {
    let pair = Pair::begin().await;
    pair.followers.by_hours(hours);
    let id = pair.ready().await;
    pair.is_kept_while_it_is_used(id).await;
    pair.is_stopped_when_it_is_not(id).await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn follower_clock_hours_behind_changes_nothing() {
    one_that_does_not_lead_is_off_by_hours(-3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn follower_clock_hours_ahead_changes_nothing() {
    one_that_does_not_lead_is_off_by_hours(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn leader_clock_jumps_change_nothing() {
    let pair = Pair::begin().await;
    let id = pair.ready().await;
    pair.follower.session(id).await.touch();
    pair.leaders.by_hours(3);
    pair.is_kept_while_it_is_used(id).await;
    pair.leaders.by_hours(0);
    pair.is_kept_while_it_is_used(id).await;
    pair.end().await;
}
