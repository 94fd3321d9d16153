use std::time::Duration;

use opencode_router::session::owner::Resource;

use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_request_times_out_and_the_start_continues() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--hold-timeout-seconds", "1"]).await;
    let id = app.stopped().await;
    app.fake.hold_starts();
    let answer = in_time("an answer", app.session(&id, "POST", "/echo").send()).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem()), (503, "session-starting".to_owned()));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(app.get(&id).await["phase"]["name"], "starting");
    app.fake.release_starts();
    app.wait_for_phase(&id, "ready").await;
    assert!(upstream.seen("/echo").is_empty(), "what was refused is not sent later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_requests_per_user_are_limited() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-held-per-user", "3"]).await;
    let id = app.stopped().await;
    app.fake.hold_starts();
    let requests: Vec<_> = (0..5).map(|_| tokio::spawn(app.session(&id, "POST", "/echo").send())).collect();
    // The router refuses any two of the five at once.
    eventually("two are refused", async || (requests.iter().filter(|it| it.is_finished()).count() == 2).then_some(()))
        .await;
    app.fake.release_starts();
    let mut served = 0;
    for request in requests {
        let answer = in_time("an answer", request).await.unwrap().unwrap();
        match answer.status.as_u16() {
            200 => served += 1,
            status => {
                assert_eq!((status, answer.problem()), (503, "too-many-waiting".to_owned()));
                assert!(answer.header("retry-after").is_some());
            }
        }
    }
    assert_eq!((served, upstream.seen("/echo").len()), (3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_requests_over_all_sessions_are_limited() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-held", "1"]).await;
    let (one, other) = (app.stopped().await, app.stopped().await);
    app.fake.hold_starts();
    let requests = [&one, &other].map(|id| tokio::spawn(app.session(id, "POST", "/echo").send()));
    eventually("one is refused", async || requests.iter().any(|it| it.is_finished()).then_some(())).await;
    app.fake.release_starts();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(in_time("an answer", request).await.unwrap().unwrap().status.as_u16());
    }
    answers.sort_unstable();
    assert_eq!(answers, [200, 503]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnecting_waiter_frees_its_slot() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-held-per-user", "1"]).await;
    let id = app.stopped().await;
    app.fake.hold_starts();
    let mut leaver = Raw::connect(app.address).await;
    leaver.ask("POST", "/leaver", &app.session_host(&id), &["content-length: 0"]).await;
    app.wait_for_phase(&id, "starting").await;
    // The router refuses a second request. A probe that is held instead disconnects after 1 s.
    let held = async || {
        let probe = app.session(&id, "POST", "/probe").send();
        tokio::time::timeout(Duration::from_secs(1), probe).await.is_err()
    };
    eventually("the leaver is held", async || (!held().await).then_some(())).await;
    drop(leaver);
    eventually("there is room again", async || held().await.then_some(())).await;
    app.fake.release_starts();
    app.wait_for_phase(&id, "ready").await;
    assert_eq!(app.session(&id, "POST", "/echo").send().await.unwrap().status, 200);
    assert!(upstream.seen("/leaver").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_at_the_held_limit_leaves_others_alone() {
    let upstream = Upstream::start().await;
    let proxied = ["--trusted-proxy-cidrs", "127.0.0.0/8", "--max-held-per-user", "2"];
    let app = TestApp::start_with(upstream.address, &proxied).await;
    let (anns, other, bobs) =
        (app.stopped_of("ann@x").await, app.stopped_of("ann@x").await, app.stopped_of("bob@x").await);
    app.fake.hold_starts();
    let post = |id: &str, user: &str| app.session(id, "POST", "/echo").header("x-auth-request-email", user);
    let held = [&anns, &other].map(|id| tokio::spawn(post(id, "ann@x").send()));
    let owner = app.session_of(&anns).owner().clone();
    eventually("both are held", async || (owner.used(Resource::HeldRequest) == 2).then_some(())).await;
    let third = in_time("an answer", post(&anns, "ann@x").send()).await.unwrap();
    assert_eq!((third.status.as_u16(), third.problem()), (503, "too-many-waiting".to_owned()));
    assert!(third.text().contains("MAX_HELD_PER_USER"));
    let bob = tokio::spawn(post(&bobs, "bob@x").send());
    app.fake.release_starts();
    assert_eq!(in_time("an answer for bob", bob).await.unwrap().unwrap().status, 200);
    for held in held {
        assert_eq!(in_time("an answer", held).await.unwrap().unwrap().status, 200);
    }
}
