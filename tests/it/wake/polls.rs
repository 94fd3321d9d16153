//! A poll joins a running start and never begins one.

use futures_util::future::select_all;
use opencode_router::session::{Failure, Reason};
use tokio::task::JoinHandle;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::http::Answer;
use crate::support::upstream::Upstream;

const POLL: (&str, &str) = ("sec-fetch-mode", "cors");

/// A poll that waits for the start of this session. The router holds one request and refuses the second.
async fn waiting_poll(app: &TestApp, id: &str) -> JoinHandle<std::io::Result<Answer>> {
    let polls = (0..2).map(|_| tokio::spawn(app.session(id, "GET", "/echo").header(POLL.0, POLL.1).send()));
    let (refused, _, mut waiting) = in_time("one of two polls is refused", select_all(polls)).await;
    let refused = refused.unwrap().unwrap();
    assert_eq!((refused.status.as_u16(), refused.problem()), (503, "too-many-waiting".to_owned()));
    waiting.remove(0)
}

async fn starting(app: &TestApp) -> String {
    let id = app.stopped().await;
    app.fake.hold_starts();
    app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
    app.wait_for_phase(&id, "starting").await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poll_that_meets_a_start_waits_and_is_answered() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-held-per-user", "1"]).await;
    let id = starting(&app).await;
    let poll = waiting_poll(&app, &id).await;
    assert!(upstream.seen("/echo").is_empty());
    app.fake.release_starts();
    assert_eq!(in_time("its answer", poll).await.unwrap().unwrap().status, 200);
    assert_eq!(app.fake.start_calls(id.parse().unwrap()), 2, "of the new session, and the one that was asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poll_whose_start_fails_is_told_why_and_begins_none() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-held-per-user", "1"]).await;
    let id = starting(&app).await;
    app.fake.fail_starts(Some(Failure::new(Reason::OpencodeExited, "opencode ended.")));
    let poll = waiting_poll(&app, &id).await;
    app.fake.release_starts();
    let answer = in_time("its answer", poll).await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem()), (503, "session-failed".to_owned()));
    let next = app.session(&id, "GET", "/echo").header(POLL.0, POLL.1).send().await.unwrap();
    assert_eq!((next.status.as_u16(), next.problem()), (503, "session-failed".to_owned()));
    assert_eq!(app.get(&id).await["phase"]["name"], "failed");
    assert_eq!(app.fake.start_calls(id.parse().unwrap()), 2);
    assert!(upstream.seen("/echo").is_empty());
}
