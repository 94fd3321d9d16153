//! Replicas share starts, stops and leadership through stored records.

use opencode_router::session::{Outcome, PhaseName};

use super::two::{Replica, limits, pods};
use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::kubernetes::Namespace;

const HOUR: i64 = 3600;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn wakes_on_two_replicas_share_one_start() {
    let namespace = Namespace::create().await;
    let (one, other) = Replica::pair(&namespace, limits(HOUR)).await;
    let id = one.open().await.id();
    one.sees(id, PhaseName::Ready).await;
    other.sees(id, PhaseName::Ready).await;
    one.lifecycle.stop(&one.session(id).await, &callers::test()).await.unwrap();
    other.sees(id, PhaseName::Stopped).await;

    let (here, there) = (one.session(id).await, other.session(id).await);
    let wakes: Vec<_> = (0..10)
        .flat_map(|_| [one.lifecycle.wake(&here, &callers::test()), other.lifecycle.wake(&there, &callers::test())])
        .map(opencode_router::lifecycle::StartWaiter::outcome)
        .collect();
    for outcome in in_time("everybody hears", futures_util::future::join_all(wakes)).await {
        assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
    }
    let pods = pods(&namespace).await;
    let runs: Vec<_> =
        pods.iter().map(|pod| pod.metadata.annotations.as_ref().unwrap()["opencode-router/run"].as_str()).collect();
    assert_eq!(runs, ["1"], "the second run, and no third");
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn wake_on_another_replica_during_a_stop_restarts_the_session() {
    let namespace = Namespace::create().await;
    let (one, other) = Replica::pair(&namespace, limits(HOUR)).await;
    let id = one.open().await.id();
    one.sees(id, PhaseName::Ready).await;
    other.sees(id, PhaseName::Ready).await;

    let stopped = one.lifecycle.stop(&one.session(id).await, &callers::test());
    other.sees(id, PhaseName::Stopping).await;
    let woken = other.lifecycle.wake(&other.session(id).await, &callers::test()).outcome();
    let (outcome, _) = in_time("both end", async { tokio::join!(woken, stopped) }).await;
    assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
    one.sees(id, PhaseName::Ready).await;
    assert_eq!(pods(&namespace).await.len(), 1);
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn leader_stops_only_sessions_unused_on_all_replicas() {
    let namespace = Namespace::create().await;
    let (one, other) = Replica::pair(&namespace, limits(6)).await;
    let (leader, follower) = if one.lifecycle.role().leads { (&one, &other) } else { (&other, &one) };
    assert!(!follower.lifecycle.role().leads, "one leads");
    let id = leader.open().await.id();
    leader.sees(id, PhaseName::Ready).await;
    follower.sees(id, PhaseName::Ready).await;

    // Use the session only through the follower, for much longer than the idle timeout.
    let session = follower.session(id).await;
    let begun = std::time::Instant::now();
    while begun.elapsed().as_secs() < 15 {
        session.touch();
        assert_eq!(leader.session(id).await.phase_name(), PhaseName::Ready, "after {:?}", begun.elapsed());
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    leader.sees(id, PhaseName::Stopped).await;
    follower.sees(id, PhaseName::Stopped).await;
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn changes_on_one_replica_reach_the_other() {
    let namespace = Namespace::create().await;
    let (one, other) = Replica::pair(&namespace, limits(HOUR)).await;
    let id = one.open().await.id();
    let edited = one.lifecycle.edit_memo(&one.session(id).await, |memo| memo.title = Some("told".to_owned())).await;
    edited.unwrap();
    let there = other.session(id).await;
    eventually("the title is known there", async || (there.memo().title.as_deref() == Some("told")).then_some(()))
        .await;
    one.sees(id, PhaseName::Ready).await;
    let (here, there) = (one.lifecycle.role().follows(id), other.lifecycle.role().follows(id));
    assert!(here != there, "one of them follows its agent");
    one.lifecycle.delete(&one.session(id).await, &callers::test()).await.unwrap();
    eventually("it is gone there", async || other.lifecycle.registry().get(id).is_none().then_some(())).await;
    one.end().await;
    other.end().await;
}
