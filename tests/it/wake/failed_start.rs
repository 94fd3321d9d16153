use futures_util::future::join_all;
use opencode_router::session::{Failure, Reason};

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_start_gives_all_waiters_the_reason_and_can_be_retried() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let log_tail = vec!["out of cheese".to_owned()];
    let failure = Failure { log_tail, ..Failure::new(Reason::OpencodeExited, "opencode ended: out of cheese.") };
    app.fake.fail_starts(Some(failure));
    app.fake.hold_starts();
    let requests = (0..20).map(|_| tokio::spawn(app.session(&id, "POST", "/echo").send()));
    let requests = join_all(requests.collect::<Vec<_>>());
    app.wait_for_phase(&id, "starting").await;
    app.fake.release_starts();
    for answer in in_time("answers", requests).await {
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.problem(), "session-failed");
        let problem = answer.json();
        assert_eq!(problem["reason"], "opencode-exited");
        assert_eq!(problem["detail"], "opencode ended: out of cheese.");
        assert_eq!(problem["logTail"][0], "out of cheese");
    }
    assert!(upstream.seen("/echo").is_empty(), "nothing was sent");

    app.fake.fail_starts(None);
    let retried = app.session(&id, "POST", "/echo").send().await.unwrap();
    assert_eq!(retried.status, 200, "{}", retried.text());
    assert_eq!(upstream.seen("/echo").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polls_of_a_failed_session_get_the_reason_and_start_nothing() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    app.fake.crash(id.parse().unwrap(), Failure::new(Reason::OpencodeExited, "opencode ended.")).await;
    app.wait_for_phase(&id, "failed").await;
    let poll = app.session(&id, "GET", "/api/health").send().await.unwrap();
    assert_eq!((poll.status.as_u16(), poll.problem()), (503, "session-failed".to_owned()));
    // A start from the poll would appear before this one.
    app.session(&id, "POST", "/echo").send().await.unwrap();
    assert_eq!(app.starts(&id), 2);
}
