//! After a response from one replica, a client uses another replica, which may not have observed the change yet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use opencode_router::lifecycle::Denied;
use opencode_router::lifecycle::Limits;
use opencode_router::runtime::kubernetes::Kubernetes;
use opencode_router::session::clock::SystemClock;
use opencode_router::session::{Action, Outcome, PhaseName, SessionId};
use serde_json::json;

use super::two::{Replica, limits, pods};
use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::http::Call;
use crate::support::kubernetes::{Namespace, kubeconfig, set_profile};
use crate::support::program::Program;
use crate::support::replica::replica_with;
use crate::support::router::id_of;
use crate::support::way::{Lets, Way};

/// Two replicas; the watches of the second one can be silenced.
async fn one_and_a_slow_one(namespace: &Namespace) -> (Program, Program, Way) {
    let way = Way::open(namespace).await;
    let one = replica_with(namespace, "one", &kubeconfig(), &[]).await;
    let slow = replica_with(namespace, "slow", way.kubeconfig(), &[]).await;
    (one, slow, way)
}

/// The status of a request with a token.
async fn attach(router: &Program, id: &str, token: &str) -> u16 {
    let call =
        Call::get(router.attach, &format!("/s/{id}/global/health")).header("authorization", &format!("Bearer {token}"));
    call.send().await.unwrap().status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn other_replica_knows_a_new_session_and_a_new_request() {
    let namespace = Namespace::create().await;
    let (one, slow, way) = one_and_a_slow_one(&namespace).await;
    let stopped = one.ready_project().await;
    one.act(&stopped, "stop").await;
    one.wait_for_phase(&stopped, "stopped").await;
    slow.wait_for_phase(&stopped, "stopped").await;

    way.lets(Lets::NoWatches);
    // Callers without a token use none of the users' refresh budget.
    join_all((0..100).map(|_| attach(&slow, &stopped, "oct_wrong"))).await;
    let made = id_of(&one.create(json!({})).await);
    assert_eq!(slow.get(&made).await["phase"]["name"], "pending");

    let token = one.token(&stopped).await;
    eventually("a wrong token can be looked for again", async || {
        (![401, 429].contains(&attach(&slow, &stopped, &token).await)).then_some(())
    })
    .await;
    // The token is valid, so the response says that the session does not run.
    assert_eq!(attach(&slow, &stopped, &token).await, 503);
    // This address has sent many wrong tokens.
    let refused = async |id: &str, token: &str| [401, 429].contains(&attach(&slow, id, token).await);
    assert!(refused(&stopped, "oct_wrong").await && refused(&made, &token).await, "wrong, and another session's");

    one.act(&stopped, "start").await;
    let mut events = slow.api("GET", &format!("/api/sessions/{stopped}/events?until=settled")).open().await.unwrap();
    let told = events.read_until("\n\n").await;
    assert!(told.contains("\"name\":\"pending\""), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn start_after_a_stop_on_another_replica_comes_last() {
    let namespace = Namespace::create().await;
    let (one, slow, way) = one_and_a_slow_one(&namespace).await;
    let id = one.ready_project().await;
    slow.wait_for_phase(&id, "ready").await;

    way.lets(Lets::NoWatches);
    one.act(&id, "stop").await;
    let asked = slow.act(&id, "start").await.json();
    assert_eq!(asked["phase"]["name"], "stopping", "it knows");
    way.lets(Lets::Everything);
    let run = async || {
        let pods = pods(&namespace).await;
        pods.first().map(|pod| pod.metadata.annotations.as_ref().unwrap()["opencode-router/run"].clone())
    };
    eventually("the second run", async || (run().await.as_deref() == Some("1")).then_some(())).await;
    one.wait_for_phase(&id, "ready").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn response_time_does_not_reveal_other_users_sessions() {
    let namespace = Namespace::create().await;
    let (one, other) = Replica::pair(&namespace, limits(3600)).await;
    let theirs = one.open().await.id();
    let stranger = callers::user("stranger@localhost");
    let time_of = async |id: SessionId| {
        let begun = Instant::now();
        assert_eq!(other.lifecycle.find(&stranger, id, Action::ReadSession).await.err(), Some(Denied::Unknown));
        begun.elapsed()
    };
    for id in [theirs, "0123456789abcdef0123".parse().unwrap()] {
        let shortest = [time_of(id).await, time_of(id).await, time_of(id).await].into_iter().min();
        // Much longer than the API server needs for either request.
        assert!(shortest >= Some(Duration::from_millis(50)), "{id}: {shortest:?}");
    }
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unknown_id_does_not_wait_for_a_silent_api_server() {
    let namespace = Namespace::create().await;
    let (_one, slow, way) = one_and_a_slow_one(&namespace).await;
    for lets in [Lets::Everything, Lets::Nothing, Lets::NoConnection] {
        way.lets(lets);
        let begun = Instant::now();
        let asked = (0..100).map(async |number| {
            let id = format!("{number:020x}");
            slow.api("GET", &format!("/api/sessions/{id}")).send().await.unwrap().status.as_u16()
        });
        let answers = join_all(asked).await;
        assert!(answers.iter().all(|status| *status == 404), "{answers:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{lets:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn queued_start_is_known_and_stoppable_on_every_replica() {
    let namespace = Namespace::create().await;
    // No node has that much, so the start stays pending.
    let replica = async |name: &str| {
        let settings = namespace.settings(name);
        set_profile(&settings, &json!({"resources": {"requests": {"cpu": "1000"}}}));
        set_profile(&settings, &json!({"resources": {"limits": {"cpu": null}}}));
        let limits = Limits { concurrent_starts: 1, ..limits(3600) };
        Replica::on(Kubernetes::new(namespace.client.clone(), settings), limits, Arc::new(SystemClock)).await
    };
    let (one, other) = (replica("one").await, replica("other").await);
    let waits = one.open().await;
    one.sees(waits.id(), PhaseName::Scheduling).await;
    one.lifecycle.stop(&waits, &callers::test()).await.unwrap();
    other.sees(waits.id(), PhaseName::Stopped).await;
    let first = one.open().await;
    one.sees(first.id(), PhaseName::Scheduling).await;

    one.lifecycle.request_start(&waits, &callers::test()).await;
    other.lifecycle.refresh_for_owner(&waits).await;
    let there = other.session(waits.id()).await;
    assert_eq!(there.phase_name(), PhaseName::Pending);
    assert_eq!(pods(&namespace).await.len(), 1, "it is not its turn");
    let waiter = one.lifecycle.wake(&waits, &callers::test());
    one.lifecycle.refresh_for_owner(&waits).await;
    other.lifecycle.stop(&there, &callers::test()).await.unwrap();
    let outcome = in_time("who waits hears of the stop", waiter.outcome()).await;
    assert!(matches!(outcome, Outcome::Stopped), "{outcome:?}");

    one.lifecycle.stop(&first, &callers::test()).await.unwrap();
    one.sees(first.id(), PhaseName::Stopped).await;
    assert_eq!(waits.phase_name(), PhaseName::Stopped, "its turn does not come any more");
    one.end().await;
    other.end().await;
}
