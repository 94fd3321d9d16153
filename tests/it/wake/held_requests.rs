use futures_util::future::join_all;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_requests_share_one_start() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let token = app.token(&id).await;
    let before = app.starts(&id);
    app.fake.hold_starts();
    let posts = (0..25).map(|n| app.session(&id, "POST", &format!("/echo?{n}")).body(&format!("message {n}")).send());
    let gets = (25..50).map(|n| app.attach(&id, &token, "GET", &format!("/echo?{n}")).send());
    let all = join_all(posts.map(tokio::spawn).chain(gets.map(tokio::spawn)).collect::<Vec<_>>());
    let release = async {
        app.wait_for_phase(&id, "starting").await;
        assert!(upstream.seen("/echo").is_empty(), "nothing is sent before the session is ready");
        app.fake.release_starts();
    };
    let (answers, ()) = in_time("all answers", async { tokio::join!(all, release) }).await;
    for (n, answer) in answers.into_iter().enumerate() {
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{n}: {}", answer.text());
        assert!(answer.text().contains(&format!("/echo?{n} ")), "{n} got its own answer");
        assert_eq!(n < 25, answer.text().ends_with(&format!("message {n}")));
        let sightings = upstream.seen("/echo").iter().filter(|seen| seen.path == format!("/echo?{n}")).count();
        assert_eq!(sightings, 1, "{n} was sent once");
    }
    assert_eq!(app.starts(&id), before + 1);
    assert_eq!(app.fake.start_calls(id.parse().unwrap()), before + 1, "the runtime is not asked by each of them");
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnecting_waiters_do_not_affect_others() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let before = app.starts(&id);
    app.fake.hold_starts();
    // The first client, whose request began the start, also disconnects.
    let mut leavers = Vec::new();
    for _ in 0..10 {
        let mut leaver = Raw::connect(app.address).await;
        leaver.ask("POST", "/leaver", &app.session_host(&id), &["content-length: 0"]).await;
        leavers.push(leaver);
        app.wait_for_phase(&id, "starting").await;
    }
    let stayers = (0..10).map(|n| tokio::spawn(app.session(&id, "POST", &format!("/echo?{n}")).send()));
    let stayers = join_all(stayers.collect::<Vec<_>>());
    drop(leavers);
    app.wait_for_phase(&id, "starting").await;
    app.fake.release_starts();
    for answer in in_time("the others' answers", stayers).await {
        assert_eq!(answer.unwrap().unwrap().status, 200);
    }
    assert_eq!(app.starts(&id), before + 1);
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_continues_when_its_only_waiter_disconnects() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    app.fake.hold_starts();
    let mut leaver = Raw::connect(app.address).await;
    leaver.ask("POST", "/leaver", &app.session_host(&id), &["content-length: 0"]).await;
    app.wait_for_phase(&id, "starting").await;
    drop(leaver);
    app.fake.release_starts();
    app.wait_for_phase(&id, "ready").await;
}
