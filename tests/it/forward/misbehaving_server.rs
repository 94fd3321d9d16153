use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::http::Call;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// Checks that the router serves other requests of the same session meanwhile.
async fn others_are_served(app: &TestApp, id: &str) {
    let other = in_time("another answer", app.session(id, "POST", "/echo").body("other").send()).await.unwrap();
    assert!(other.status == 200 && other.text().ends_with("other"), "{}", other.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_response_is_a_502() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for path in ["/reset", "/drop", "/garbage", "/two-lengths", "/endless-head", "/switches"] {
        for method in ["GET", "POST"] {
            let bad = async { in_time(path, app.session(&id, method, path).send()).await.unwrap() };
            let (answer, ()) = tokio::join!(bad, others_are_served(&app, &id));
            assert_eq!((answer.status.as_u16(), answer.problem()), (502, "bad-gateway".to_owned()), "{method} {path}");
            app.no_leases(&id).await;
        }
        let seen = upstream.seen(path);
        assert_eq!(seen.len(), 2, "{path} was sent once for each request");
        upstream.closed(seen[0].connection).await;
        upstream.closed(seen[1].connection).await;
    }
    assert_eq!(app.get(&id).await["phase"]["name"], "ready");
}

/// Reads a body to its end. Returns whether it was cut.
async fn is_cut(call: Call) -> bool {
    let mut open = call.open().await.unwrap();
    assert_eq!(open.status, 200);
    loop {
        match in_time("the end of the body", open.chunk()).await {
            Some(Ok(_)) => {}
            end => return end.is_some(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_body_is_passed_on_as_broken() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for path in ["/short", "/cut", "/bad-chunk"] {
        let bad = app.session(&id, "GET", path);
        let (cut, ()) = tokio::join!(is_cut(bad), others_are_served(&app, &id));
        assert!(cut, "{path}: the client must see that something is missing");
        app.no_leases(&id).await;
        upstream.closed(upstream.seen(path)[0].connection).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_and_floods_end_with_the_client() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for path in ["/stall", "/1xx"] {
        let mut client = Raw::connect(app.address).await;
        client.ask("POST", path, &app.session_host(&id), &["content-length: 0"]).await;
        let seen = upstream.sighting(path).await;
        if path == "/1xx" {
            eventually("it floods", async || (upstream.flooded() > 1000).then_some(())).await;
        }
        others_are_served(&app, &id).await;
        drop(client);
        upstream.closed(seen.connection).await;
        app.no_leases(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interim_responses_are_not_the_response() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let answer = app.session(&id, "GET", "/some-1xx").send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "after all"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunked_framing_wins_over_content_length() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    // RFC 9112, section 6.3: an error is also valid, but never three bytes with the rest as another response.
    let answer = app.session(&id, "GET", "/both-framings").send().await.unwrap();
    match answer.status.as_u16() {
        200 => assert_eq!(answer.text(), "the chunks count"),
        status => assert_eq!(status, 502),
    }
    app.no_leases(&id).await;
}
