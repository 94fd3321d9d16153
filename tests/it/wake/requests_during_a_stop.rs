use futures_util::future::join_all;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_during_a_stop_wait_and_wake_the_session() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    // Several rounds: an observation from before the start must not end it, at any time.
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
async fn late_stop_news_do_not_end_the_next_start() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-concurrent-starts", "1"]).await;
    let (one, other) = (app.stopped().await, app.stopped().await);
    app.fake.hold_starts();
    let first = tokio::spawn(app.session(&one, "POST", "/echo").send());
    app.wait_for_phase(&one, "starting").await;
    // The second start is pending when the runtime reports `stopped` again.
    let second = tokio::spawn(app.session(&other, "POST", "/echo").send());
    app.wait_for_phase(&other, "pending").await;
    app.fake.repeat(other.parse().unwrap()).await;
    app.fake.release_starts();
    for request in [first, second] {
        let answer = in_time("an answer", request).await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_stop_cancels_the_pending_wake() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let stop = format!("/api/sessions/{id}/stop");
    app.fake.hold_stops();
    app.api("POST", &stop).send().await.unwrap();
    app.wait_for_phase(&id, "stopping").await;
    let waiting = tokio::spawn(app.session(&id, "POST", "/echo").send());
    let session = app.session_of(&id);
    eventually("the request waits", async || session.is_awaited().then_some(())).await;

    app.api("POST", &stop).send().await.unwrap();
    let answer = in_time("an answer", waiting).await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "session-stopped"));
    app.fake.release_stops();
    app.wait_for_phase(&id, "stopped").await;
    assert_eq!((app.starts(&id), upstream.seen("/echo").len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_message_goes_to_the_next_run() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let wanted = |message: &str| {
        let wanted = json!({"repoUrl": "https://git.example/a/b", "branch": "main", "initialMessage": message});
        app.api("POST", "/api/sessions").json(&wanted).send()
    };
    let conversations = || upstream.seen("/session").iter().filter(|seen| seen.method == "POST").count();
    let id = wanted("one").await.unwrap().json()["id"].as_str().unwrap().to_owned();
    let kept = || app.fake.prompts(id.parse().unwrap());
    let given = async |count: usize| (conversations() == count && kept().is_empty()).then_some(());
    eventually("the first is given", async || given(1).await).await;

    app.fake.hold_stops();
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    app.wait_for_phase(&id, "stopping").await;
    for message in ["two", "three"] {
        assert_eq!(wanted(message).await.unwrap().status, 200);
    }
    assert_eq!((kept(), conversations()), (vec!["two".to_owned(), "three".to_owned()], 1), "not to a server that ends");

    app.fake.release_stops();
    eventually("the others are given", async || given(3).await).await;
}
