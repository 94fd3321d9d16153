//! Another replica stops a session during this replica's start.

use opencode_router::session::{Outcome, PhaseName, SessionId};

use crate::support::app::TestApp;
use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leader_finishes_an_interrupted_stop_despite_waiters() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let session = app.session_of(&id);
    app.fake.tells(id.parse().unwrap(), PhaseName::Stopping).await;
    app.wait_for_phase(&id, "stopping").await;
    let waits = app.lifecycle.wake(&session, &callers::test());
    app.pass(1);
    let outcome = in_time("the stop is finished, and the session starts", waits.outcome()).await;
    assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiters_get_the_old_result_and_a_new_request_a_new_start() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    app.fake.hold_starts();
    let id = app.create().await;
    app.wait_for_phase(&id, "starting").await;
    let (session, known): (_, SessionId) = (app.session_of(&id), id.parse().unwrap());
    let waits = app.lifecycle.wake(&session, &callers::test());

    app.fake.tells(known, PhaseName::Stopping).await;
    let outcome = in_time("who waits hears of the stop", waits.outcome()).await;
    assert!(matches!(outcome, Outcome::Stopped), "{outcome:?}");

    let asked = app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
    assert_eq!((asked.status.as_u16(), asked.json()["phase"]["name"].as_str()), (202, Some("stopping")));
    app.fake.tells(known, PhaseName::Stopped).await;
    eventually("the start comes after the stop", async || (app.fake.starts(known) == 2).then_some(())).await;
    app.fake.release_starts();
    app.wait_for_phase(&id, "ready").await;
}
