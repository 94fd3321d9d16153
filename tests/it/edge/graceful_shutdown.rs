use std::time::{Duration, Instant};

use opencode_router::app::Shutdown;
use tokio::net::TcpStream;

use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_requests_finish_and_new_ones_are_refused() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut kept = Raw::connect(app.address).await;
    kept.ask("GET", "/echo", &app.session_host(&id), &[]).await;
    kept.head().await;
    let open = tokio::spawn(app.session(&id, "POST", "/gate").send());
    upstream.sighting("/gate").await;
    app.begin_stop(Shutdown::LeaveSessions);
    let refused = async || TcpStream::connect(app.address).await.is_err().then_some(());
    eventually("nobody else is let in", refused).await;
    kept.rest().await;
    upstream.open_gate();
    let answer = in_time("the answer", open).await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "open"));
    app.stop(Shutdown::LeaveSessions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_asked_to_reconnect_during_the_delay() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start_local(upstream.address, &["--shutdown-delay-seconds", "3600"]).await;
    let id = app.ready().await;
    let (mut kept, host) = (Raw::connect(app.address).await, app.session_host(&id));
    for _ in 0..2 {
        kept.ask("GET", "/echo", &host, &[]).await;
        assert!(!kept.head().await.to_lowercase().contains("connection: close"));
    }
    app.begin_stop(Shutdown::LeaveSessions);
    let ends = async || (app.api("GET", "/readyz").send().await.unwrap().status == 503).then_some(());
    eventually("it says that it ends", ends).await;
    let mut tunnel = Raw::connect(app.address).await;
    tunnel.upgrade("/tunnel", &host, &[]).await;
    assert!(tunnel.head().await.starts_with("HTTP/1.1 101"), "it still serves");
    kept.ask("GET", "/echo", &host, &[]).await;
    assert!(kept.rest().await.to_lowercase().contains("connection: close"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tunnels_continue_until_the_drain_timeout() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start_local(upstream.address, &["--drain-timeout-seconds", "2"]).await;
    let id = app.ready().await;
    let mut tunnel = Raw::connect(app.address).await;
    tunnel.upgrade("/tunnel", &app.session_host(&id), &[]).await;
    tunnel.head().await;
    let mut changes = app.api("GET", "/api/sessions/stream").open().await.unwrap();
    let begun = Instant::now();
    app.begin_stop(Shutdown::LeaveSessions);
    while let Some(Ok(_)) = in_time("the end of the API's stream", changes.chunk()).await {}
    tunnel.send("still here").await;
    tunnel.until("still here").await;
    tunnel.rest().await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "not before time is up");
    app.stop(Shutdown::LeaveSessions).await;
    upstream.closed(upstream.sighting("/tunnel").await.connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remaining_connections_close_at_the_drain_timeout() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start_local(upstream.address, &["--drain-timeout-seconds", "1"]).await;
    let id = app.ready().await;
    let mut events = app.session(&id, "GET", "/events").open().await.unwrap();
    let mut stalled = Raw::connect(app.address).await;
    stalled.ask("POST", "/stall", &app.session_host(&id), &["content-length: 0"]).await;
    let seen = upstream.sighting("/stall").await;
    app.stop(Shutdown::LeaveSessions).await;
    while let Some(Ok(_)) = in_time("the end of the stream", events.chunk()).await {}
    stalled.rest().await;
    upstream.closed(seen.connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_streams_do_not_delay_shutdown() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start_local(upstream.address, &["--drain-timeout-seconds", "3600"]).await;
    let id = app.ready().await;
    let paths = ["/api/sessions/stream".to_owned(), format!("/api/sessions/{id}/events")];
    let mut streams = vec![app.session(&id, "GET", "/.opencode-router/events").open().await.unwrap()];
    for path in paths {
        streams.push(app.api("GET", &path).open().await.unwrap());
    }
    app.stop(Shutdown::LeaveSessions).await;
    for mut stream in streams {
        let end = async { while let Some(Ok(_)) = stream.chunk().await {} };
        in_time("the end of the stream", end).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_do_not_delay_shutdown() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    app.session(&id, "GET", "/echo").send().await.unwrap();
    app.no_leases(&id).await;
    app.stop(Shutdown::LeaveSessions).await;
    upstream.closed(upstream.sighting("/echo").await.connection).await;
}
