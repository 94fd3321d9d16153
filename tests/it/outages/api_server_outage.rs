//! The API server fails under traffic. Sessions stay usable. Impossible requests fail with a message and change
//! nothing. After the outage, the router observes all changes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::part::{Broken, Failure};
use crate::support::condition::eventually;
use crate::support::http::Answer;
use crate::support::kubernetes::{Namespace, SESSION_IMAGE};
use crate::support::program::Program;
use crate::support::replica::{leading_lease, pair_with};
use crate::support::traffic::{Traffic, events};

/// Length of the outage: longer than a Lease, and than a watch may be silent.
const OUTAGE: Duration = Duration::from_secs(30);
/// Idle timeout in minutes: longer than the outage.
const IDLE: &str = "1";
/// Time limit for the failure of an impossible request.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// Time limit for the router to observe the true state after the outage.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn killed_api_server_leaves_sessions_usable() {
    outage(Failure::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn frozen_api_server_leaves_sessions_usable() {
    outage(Failure::Frozen).await;
}

async fn outage(failure: Failure) {
    let namespace = Namespace::create().await;
    let (one, other) =
        pair_with(&namespace, &[("IDLE_TIMEOUT_MINUTES", IDLE), ("OPENCODE_IMAGE", SESSION_IMAGE)]).await;
    let (used, unused, doomed, rests) =
        tokio::join!(one.ready_project(), one.ready_project(), other.ready_project(), other.ready_project());
    other.act(&rests, "stop").await;
    for router in [&one, &other] {
        for id in [&used, &unused, &doomed] {
            router.wait_for_phase(id, "ready").await;
        }
        router.wait_for_phase(&rests, "stopped").await;
    }
    let traffic = Traffic::begin(&[&one, &other], &used).await;
    let used_last = one.session(&unused, "POST", "/session").json(&json!({})).send().await.unwrap();
    assert_eq!(used_last.status, 200);

    let broken = Broken::make("kube-apiserver", failure).await;
    let gone = Instant::now();
    drop(futures_util::future::join_all((0..8).map(|_| events(&other, &used))).await);
    nothing_is_done(&one, &unused, &rests).await;
    if matches!(failure, Failure::Killed) {
        // A frozen API server may carry the request out when it goes on.
        nothing_is_deleted(&one, &unused).await;
    }
    while gone.elapsed() < OUTAGE {
        for router in [&one, &other] {
            assert_eq!(router.get(&used).await["phase"]["name"], "ready");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let back = broken.mend().await;
    namespace.kubectl(&["delete", "pod", &format!("opencode-session-{doomed}"), "--wait=false"]).await;

    for router in [&one, &other] {
        if matches!(failure, Failure::Killed) {
            assert_eq!(router.get(&unused).await["phase"]["name"], "ready", "it was neither stopped nor deleted");
            is_used_as_before(router, &unused).await;
        }
        router.wait_until(&doomed, "a Pod goes", |session| session["phase"]["name"] != "ready").await;
    }
    took("a Pod that goes is known to go", back);
    assert!(back.elapsed() < KNOWN_WITHIN);
    let renewed = leading_lease(&namespace).await.unwrap().metadata.resource_version;
    eventually("somebody leads", async || {
        (leading_lease(&namespace).await?.metadata.resource_version != renewed).then_some(())
    })
    .await;
    took("somebody leads", back);
    one.act(&rests, "start").await;
    other.wait_for_phase(&rests, "ready").await;
    took("a start succeeded", back);
    for router in [&one, &other] {
        router.wait_for_phase(&doomed, "stopped").await;
    }
    took("what went is stopped", back);

    other.wait_for_phase(&unused, "stopped").await;
    for router in [&one, &other] {
        assert_eq!(router.get(&used).await["phase"]["name"], "ready", "it was used all the time");
    }
    traffic.end(&one, &used).await;
}

/// Requests a change of a session, which is impossible now. The response must come soon.
async fn asked(router: &Program, method: &str, path: &str) -> Answer {
    let begun = Instant::now();
    let answer = router.api(method, path).json(&json!({})).send().await.unwrap();
    eprintln!("{method} {path}: {} after {} ms", answer.status, begun.elapsed().as_millis());
    assert!(begun.elapsed() < TOLD_WITHIN);
    answer
}

/// Waits until the session is in this phase. Returns the phase's message.
async fn settles(router: &Program, id: &str, phase: &str) -> String {
    let begun = Instant::now();
    let session = router.wait_for_phase(id, phase).await;
    eprintln!("it is {phase} after {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() < TOLD_WITHIN);
    session["phase"]["message"].as_str().unwrap_or_default().to_owned()
}

async fn is_used_as_before(router: &Program, id: &str) {
    assert_eq!(router.session(id, "GET", "/session").send().await.unwrap().status, 200);
}

/// Checks that no session was created, started, stopped or lost.
async fn nothing_is_done(router: &Program, unused: &str, rests: &str) {
    let created = asked(router, "POST", "/api/sessions").await;
    assert_eq!((created.status.as_u16(), created.problem()), (500, "create-failed".to_owned()));
    assert!(created.text().contains("Try again in a moment"), "{}", created.text());

    asked(router, "POST", &format!("/api/sessions/{rests}/start")).await;
    let said = settles(router, rests, "failed").await;
    assert!(said.contains("Try again in a moment"), "{said}");

    asked(router, "POST", &format!("/api/sessions/{unused}/stop")).await;
    let said = settles(router, unused, "ready").await;
    assert!(said.contains("could not be stopped. Try again"), "{said}");
    is_used_as_before(router, unused).await;
}

async fn nothing_is_deleted(router: &Program, id: &str) {
    let deleted = asked(router, "DELETE", &format!("/api/sessions/{id}")).await;
    assert_eq!((deleted.status.as_u16(), deleted.problem()), (500, "delete-failed".to_owned()));
    assert_eq!(router.get(id).await["phase"]["name"], "ready");
    is_used_as_before(router, id).await;
}

fn took(what: &str, since: Instant) {
    eprintln!("{what}: {} ms after the API server was back", since.elapsed().as_millis());
}
