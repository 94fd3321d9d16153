use std::time::Duration;

use crate::support::app::TestApp;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_chunk_arrives_before_the_next_is_sent() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    client.ask("POST", "/duplex", &app.session_host(&id), &["transfer-encoding: chunked"]).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"), "the head comes before the body is sent");
    for piece in ["first", "second", "third"] {
        client.send(&format!("{:x}\r\n{piece}\r\n", piece.len())).await;
        client.until(piece).await;
    }
    client.send("0\r\n\r\n").await;
    client.until("0\r\n\r\n").await;
    drop(client);
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_stream_passes_head_and_events_at_once() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut events = app.session(&id, "GET", "/events").open().await.unwrap();
    assert_eq!((events.status.as_u16(), &events.headers["content-type"]), (200, &"text/event-stream".parse().unwrap()));
    for event in ["one", "two", "three"] {
        upstream.say(event);
        events.read_until(&format!("data: {event}\n\n")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_stream_ends_with_its_run() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut events = app.session(&id, "GET", "/events").open().await.unwrap();
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    let end = crate::support::condition::in_time("the end of the stream", events.chunk()).await;
    assert!(end.is_none_or(|end| end.is_err()), "the listener is told");
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_response_is_not_cut() {
    let upstream = Upstream::start().await;
    // Only these time-outs could end it so early.
    let short = ["--header-timeout-seconds", "1", "--hold-timeout-seconds", "1"];
    let app = TestApp::start_local(upstream.address, &short).await;
    let id = app.ready().await;
    let answer = tokio::spawn(app.session(&id, "POST", "/gate").send());
    upstream.sighting("/gate").await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    upstream.open_gate();
    assert_eq!(answer.await.unwrap().unwrap().text(), "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_arrive_complete() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let body = "0123456789abcdef".repeat(256 * 1024);
    let answer = app.session(&id, "POST", "/echo").body(&body).send().await.unwrap();
    assert!(answer.text().ends_with(&body));
    let seen = upstream.sighting("/echo").await;
    assert!(seen.complete && seen.body == body.as_bytes());
    assert_eq!(seen.header("content-length"), [body.len().to_string()], "the framing is kept");
}
