//! A replica with a stale cache does not undo newer work of other replicas.

use opencode_router::session::Outcome;

use super::two::{Replica, limits, pods};
use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::kubernetes::{Namespace, kubeconfig};
use crate::support::replica::{leader, replica_with};
use crate::support::way::{Lets, Way};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn leader_that_missed_a_restart_keeps_the_pod() {
    let namespace = Namespace::create().await;
    let way = Way::open(&namespace).await;
    let leads = replica_with(&namespace, "leads", way.kubeconfig(), &[]).await;
    eventually("it leads", async || (leader(&namespace).await.as_deref() == Some("leads")).then_some(())).await;
    let other = replica_with(&namespace, "other", &kubeconfig(), &[]).await;
    let id = other.ready_project().await;
    other.act(&id, "stop").await;
    for router in [&other, &leads] {
        router.wait_for_phase(&id, "stopped").await;
    }

    way.lets(Lets::NoWatchesOfClaims);
    let uid = async || pods(&namespace).await.pop().and_then(|pod| pod.metadata.uid);
    // In its stale cache, the leader sees the Pod as a leftover of a stop, until it refreshes.
    let misled = async {
        leads.wait_for_phase(&id, "stopping").await;
        let before = uid().await;
        leads.wait_for_phase(&id, "ready").await;
        before
    };
    other.act(&id, "start").await;
    let (before, _) = tokio::join!(misled, other.wait_for_phase(&id, "ready"));
    assert_eq!(uid().await, before, "the session's work goes on");
    assert_eq!(other.get(&id).await["phase"]["name"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn two_starts_of_the_last_pod_in_a_quota_both_succeed() {
    let namespace = Namespace::create().await;
    namespace.kubectl(&["create", "quota", "one", "--hard=pods=1"]).await;
    let hard = &["get", "quota", "one", "--output", "jsonpath={.status.hard.pods}"];
    eventually("the quota counts", async || (namespace.kubectl(hard).await == "1").then_some(())).await;
    let (one, other) = Replica::pair(&namespace, limits(3600)).await;
    let here = one.open().await;
    let there = other.session(here.id()).await;
    for _ in 0..4 {
        let wakes = [one.lifecycle.wake(&here, &callers::test()), other.lifecycle.wake(&there, &callers::test())];
        let outcomes = wakes.map(opencode_router::lifecycle::StartWaiter::outcome);
        for outcome in in_time("both hear", futures_util::future::join_all(outcomes)).await {
            assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
        }
        one.lifecycle.stop(&here, &callers::test()).await.unwrap();
        other.sees(here.id(), opencode_router::session::PhaseName::Stopped).await;
    }
    one.end().await;
    other.end().await;
}
