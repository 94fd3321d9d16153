//! A token that one replica revokes ends what it opened on another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::two::{Replica, limits};
use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::kubernetes::Namespace;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn revoked_token_ends_its_uses_on_every_replica() {
    let namespace = Namespace::create().await;
    let (one, other) = Replica::pair(&namespace, limits(3600)).await;
    let here = one.open().await;
    let hour = SignedDuration::from_hours(1);
    let (stored, token) = one.lifecycle.make_token(&here, None, hour, &callers::test()).await.unwrap();
    let there = other.session(here.id()).await;
    let now = other.lifecycle.clock().now();
    eventually("the token is known there", async || there.token_id(&token, now)).await;
    let end = there.end_of_token(&stored.id);
    assert!(!end.is_cancelled());
    let since = Instant::now();
    assert!(one.lifecycle.revoke_token(&here, &stored.id, &callers::test()).await.unwrap());
    in_time("its uses end", end.cancelled()).await;
    // Within a second on a machine that does nothing else.
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    println!("ended {:?} after the revocation", since.elapsed());
    assert!(Arc::ptr_eq(&there, &other.session(here.id()).await));
    for replica in [one, other] {
        replica.end().await;
    }
}
