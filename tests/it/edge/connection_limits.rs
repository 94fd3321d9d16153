use std::time::Duration;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// A connection on which the router has answered.
async fn served(mut client: Raw) -> Raw {
    client.ask("GET", "/healthz", "localhost", &[]).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    client.until("}").await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_head_closes_the_connection() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--header-timeout-seconds", "1"]).await;
    let mut slow = Vec::new();
    for start in ["", "G", "PRI * HTT", "GET / HTTP/1.1\r\nhost: localhost\r\n"] {
        let mut client = Raw::connect(app.address).await;
        client.send(start).await;
        slow.push((start, client));
    }
    served(Raw::connect(app.address).await).await;
    for (start, mut client) in slow {
        let answer = client.rest().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{start}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_head_is_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let mut client = Raw::connect(app.address).await;
    client.ask("GET", "/healthz", "localhost", &[&format!("x-large: {}", "x".repeat(60 * 1024))]).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    let mut client = Raw::connect(app.address).await;
    client.send(&format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-large: {}", "x".repeat(80 * 1024))).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 431"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_at_its_limit_does_not_affect_others() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-connections-per-peer", "2"]).await;
    let one = served(Raw::connect(app.address).await).await;
    let _two = served(Raw::connect(app.address).await).await;
    let mut three = Raw::connect(app.address).await;
    assert_eq!(three.rest().await, "", "it is closed");
    served(Raw::connect_from([127, 0, 0, 2].into(), app.address).await).await;
    drop(one);
    eventually("there is room again", async || {
        let answer = app.api("GET", "/healthz").send().await;
        answer.is_ok_and(|answer| answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trusted_proxy_has_no_peer_limit() {
    let upstream = Upstream::start().await;
    let arguments = ["--trusted-proxy-cidrs", "127.0.0.1/32", "--max-connections-per-peer", "1"];
    let app = TestApp::start_with(upstream.address, &arguments).await;
    let _one = served(Raw::connect(app.address).await).await;
    served(Raw::connect(app.address).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_over_the_total_limit_wait() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-connections", "2"]).await;
    let one = served(Raw::connect(app.address).await).await;
    let _two = served(Raw::connect(app.address).await).await;
    let mut three = Raw::connect(app.address).await;
    three.ask("GET", "/healthz", "localhost", &[]).await;
    let early = tokio::time::timeout(Duration::from_millis(500), three.head()).await;
    assert!(early.is_err(), "it waits");
    drop(one);
    assert!(three.head().await.starts_with("HTTP/1.1 200"));
}
