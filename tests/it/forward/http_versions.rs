//! HTTP/1.0 on either side: the router speaks its own version to each (RFC 9112, section 2.3).

use std::collections::HashSet;

use crate::support::app::TestApp;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_0_response_arrives_as_http_1_1() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    upstream.ends_with("/old", "HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nup to the end");
    let mut client = Raw::connect(app.address).await;
    for _ in 0..2 {
        client.ask("GET", "/old", &app.session_host(&id), &[]).await;
        let head = client.head().await.to_lowercase();
        assert!(head.starts_with("http/1.1 200") && head.contains("transfer-encoding: chunked"), "{head}");
        // The same connection serves the next request.
        client.until("up to the end\r\n0\r\n\r\n").await;
    }
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_after_an_http_1_0_response_keeps_its_body() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    upstream.answers("/old", "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok");
    for _ in 0..3 {
        assert_eq!(app.session(&id, "GET", "/old").send().await.unwrap().text(), "ok");
        app.no_leases(&id).await;
        let mut client = Raw::connect(app.address).await;
        client.ask("POST", "/echo", &app.session_host(&id), &["transfer-encoding: chunked"]).await;
        client.send("4\r\nbody\r\n0\r\n\r\n").await;
        client.until("\r\n\r\nbody").await;
    }
    for seen in upstream.seen("/echo") {
        assert!(seen.head.starts_with("POST /echo HTTP/1.1\r\n") && seen.body == b"body", "{}", seen.head);
    }
    let old: HashSet<_> = upstream.seen("/old").iter().map(|seen| seen.connection).collect();
    assert_eq!(old.len(), 3, "each connection ends with its HTTP/1.0 response");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_0_client_gets_no_chunks() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    upstream.answers("/chunks", CHUNKED);
    let mut client = Raw::connect(app.address).await;
    client.send(&format!("GET /chunks HTTP/1.0\r\nhost: {}\r\n\r\n", app.session_host(&id))).await;
    let answer = client.rest().await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200") && !head.to_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(body, "onetwo");
}
