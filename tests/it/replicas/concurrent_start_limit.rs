//! A hundred concurrent start requests: all replicas together stay below the limit, and all starts finish.

use std::sync::Arc;

use futures_util::future::join_all;
use opencode_router::lifecycle::Limits;
use opencode_router::runtime::kubernetes::Kubernetes;
use opencode_router::session::clock::SystemClock;
use opencode_router::session::{Email, Outcome};
use serde_json::json;

use super::two::{Replica, limits};
use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::kubernetes::{Namespace, set_profile};
use crate::support::node::PlayedNode;

const SESSIONS: usize = 100;
const LIMIT: usize = 8;

/// A replica whose Pods no real node takes.
async fn replica(namespace: &Namespace, name: &str) -> Replica {
    let settings = namespace.settings(name);
    set_profile(&settings, &json!({"resources": {"requests": {"cpu": "1000"}}}));
    set_profile(&settings, &json!({"resources": {"limits": {"cpu": null}}}));
    let limits = Limits { concurrent_starts: LIMIT, ..limits(3600) };
    Replica::on(Kubernetes::new(namespace.client.clone(), settings), limits, Arc::new(SystemClock)).await
}

/// Starts all sessions at once, spread over the replicas, and waits for all.
async fn start_all(replicas: &[Replica], node: &PlayedNode) {
    let starts = (0..SESSIONS).map(async |number| {
        let replica = &replicas[number % replicas.len()];
        // Owners that have a place leave the last one to others.
        let session = replica.open_as(&Email::parse(&format!("{number}@x")).unwrap()).await;
        replica.lifecycle.wake(&session, &callers::test()).outcome().await
    });
    for outcome in in_time("all starts end", join_all(starts)).await {
        assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
    }
    // A replica may observe the last Pod before the test node does.
    eventually("all Pods run", async || (node.running() == SESSIONS).then_some(())).await;
    assert_eq!(node.most_starting(), LIMIT, "as many as allowed, and never more");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn one_replica_starts_a_hundred_within_the_limit() {
    let namespace = Namespace::create().await;
    let node = PlayedNode::begin(&namespace, LIMIT).await;
    let replicas = [replica(&namespace, "only").await];
    start_all(&replicas, &node).await;
    for replica in replicas {
        replica.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn two_replicas_start_a_hundred_within_the_limit() {
    let namespace = Namespace::create().await;
    let node = PlayedNode::begin(&namespace, LIMIT).await;
    let replicas = [replica(&namespace, "one").await, replica(&namespace, "other").await];
    for replica in &replicas {
        replica.knows(2).await;
    }
    start_all(&replicas, &node).await;
    for replica in replicas {
        replica.end().await;
    }
}
