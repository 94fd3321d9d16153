use crate::support::app::TestApp;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tunnel_works_both_ways_with_half_close() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    let head = ["GET /tunnel HTTP/1.1", "connection: keep-alive, Upgrade", "upgrade: websocket"].join("\r\n");
    // Bytes that arrive with the request are not lost.
    client.send(&format!("{head}\r\nhost: {}\r\n\r\nearly", app.session_host(&id))).await;
    let head = client.head().await.to_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("\r\nupgrade: websocket\r\n"), "{head}");
    client.until("early").await;
    client.send("later").await;
    client.until("later").await;
    let leases = app.session_of(&id).view(&app.lifecycle.limits().idle).leases;
    assert_eq!((leases.reads, leases.writes, leases.tunnels), (0, 0, 1));
    // The server observes the client's half-close, and can still send.
    client.finish().await;
    assert_eq!(client.rest().await, "bye");
    upstream.closed(upstream.sighting("/tunnel").await.connection).await;
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_half_close_keeps_the_client_side_open() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    client.upgrade("/talk", &app.session_host(&id), &[]).await;
    client.head().await;
    upstream.say("hello");
    client.until("hello").await;
    upstream.say("bye");
    assert_eq!(client.rest().await, "", "the end of the server's side is passed on");
    client.send("last words\r\n\r\n").await;
    assert_eq!(upstream.sighting("heard after bye").await.head, "last words");
    drop(client);
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_disconnect_closes_the_tunnel() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    client.upgrade("/tunnel", &app.session_host(&id), &[]).await;
    client.head().await;
    drop(client);
    upstream.closed(upstream.sighting("/tunnel").await.connection).await;
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_closes_the_tunnel() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    client.upgrade("/tunnel", &app.session_host(&id), &[]).await;
    client.head().await;
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    client.rest().await;
    upstream.closed(upstream.sighting("/tunnel").await.connection).await;
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_upgrade_is_passed_on() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let call = app.session(&id, "GET", "/refuses-upgrade");
    let answer = call.header("connection", "upgrade").header("upgrade", "websocket").send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (403, "not you"));
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switch_to_another_protocol_is_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let call = app.session(&id, "GET", "/switches").header("connection", "upgrade").header("upgrade", "h2c");
    let answer = call.send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem()), (502, "bad-gateway".to_owned()));
    upstream.closed(upstream.sighting("/switches").await.connection).await;
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_websocket_is_an_upgrade() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let token = app.token(&id).await;
    // The first request of a client that offers HTTP/2 wakes the session, as it does without the offer.
    for call in [app.attach(&id, &token, "GET", "/echo"), app.session(&id, "GET", "/echo")] {
        let call = call.header("connection", "Upgrade, HTTP2-Settings").header("upgrade", "h2c");
        let answer = call.header("http2-settings", "AAMAAABkAAQAoAAAAAIAAAAA").send().await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for seen in upstream.seen("/echo") {
        for name in ["connection", "upgrade", "http2-settings"] {
            assert!(seen.header(name).is_empty(), "{name} in {}", seen.head);
        }
    }
    let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n";
    upstream.ends_with("/h2c", switch);
    let mut client = Raw::connect(app.address).await;
    client.upgrade("/h2c", &app.session_host(&id), &[]).await;
    assert!(client.head().await.starts_with("HTTP/1.1 502"), "the server switched to another protocol");
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrade_with_a_body_is_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for framed in ["content-length: 4\r\n\r\nbody", "transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"] {
        let mut client = Raw::connect(app.address).await;
        let head = ["GET /tunnel HTTP/1.1", "connection: upgrade", "upgrade: websocket"].join("\r\n");
        client.send(&format!("{head}\r\nhost: {}\r\n{framed}", app.session_host(&id))).await;
        assert!(client.head().await.starts_with("HTTP/1.1 400"), "{framed}");
        client.until("upgrade-with-body").await;
    }
    assert!(upstream.seen("/tunnel").is_empty());
    let empty = ["content-length: 0"];
    let mut client = Raw::connect(app.address).await;
    client.upgrade("/tunnel", &app.session_host(&id), &empty).await;
    assert!(client.head().await.starts_with("HTTP/1.1 101"));
}
