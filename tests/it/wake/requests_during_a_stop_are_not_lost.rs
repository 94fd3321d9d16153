use futures_util::future::join_all;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_wait_for_the_end_of_the_stop_and_wake_the_session_again() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    // Several rounds: a sighting from before the start must not end it, whenever it comes.
    for round in 1..=20 {
        app.fake.hold_stops();
        app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
        app.wait_for_phase(&id, "stopping").await;
        let path = format!("/echo?{round}");
        let requests = (0..3).map(|_| tokio::spawn(app.session(&id, "POST", &path).send()));
        let requests = join_all(requests.collect::<Vec<_>>());
        let phase = app.get(&id).await["phase"]["name"].clone();
        assert_eq!(phase, "stopping", "the stop goes on");
        assert_eq!(app.starts(&id), round, "no start while it stops");
        app.fake.release_stops();
        for answer in in_time("answers", requests).await {
            let answer = answer.unwrap().unwrap();
            assert_eq!(answer.status, 200, "round {round}: {}", answer.text());
        }
        assert_eq!(app.starts(&id), round + 1);
    }
    assert_eq!(upstream.seen("/echo").len(), 60, "each was sent once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_is_told_late_does_not_end_the_next_start() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-concurrent-starts", "1"]).await;
    let (one, other) = (app.stopped().await, app.stopped().await);
    app.fake.hold_starts();
    let first = tokio::spawn(app.session(&one, "POST", "/echo").send());
    app.wait_for_phase(&one, "starting").await;
    // This one waits its turn when it is told again that it is stopped.
    let second = tokio::spawn(app.session(&other, "POST", "/echo").send());
    app.wait_for_phase(&other, "pending").await;
    app.fake.repeat(other.parse().unwrap()).await;
    app.fake.release_starts();
    for request in [first, second] {
        let answer = in_time("an answer", request).await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
