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

/// What the router answers to one request on a new connection.
async fn answer(mut client: Raw, path: &str) -> String {
    client.ask("GET", path, "localhost", &["connection: close"]).await;
    client.rest().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_at_its_limit_is_told_and_does_not_affect_others() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-connections-per-peer", "2"]).await;
    let one = served(Raw::connect(app.address).await).await;
    let _two = served(Raw::connect(app.address).await).await;
    let refused = answer(Raw::connect(app.address).await, "/api/me").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 2"), "{refused}");
    assert!(refused.contains("MAX_CONNECTIONS_PER_PEER") && refused.contains("connection: close"), "{refused}");
    let healthy = answer(Raw::connect(app.address).await, "/healthz").await;
    assert!(healthy.starts_with("HTTP/1.1 200"), "{healthy}");
    served(Raw::connect_from([127, 0, 0, 2].into(), app.address).await).await;
    drop(one);
    eventually("there is room again", async || {
        let answer = app.api("GET", "/api/me").send().await;
        answer.is_ok_and(|answer| answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxies_for_many_clients_have_no_peer_limit() {
    let upstream = Upstream::start().await;
    for network in [["--trusted-proxy-cidrs", "127.0.0.1/32"], ["--peer-limit-exempt-cidrs", "127.0.0.0/30"]] {
        let users = if network[0].contains("trusted") { vec![] } else { vec!["--dev-email", "dev@localhost"] };
        let arguments = [&users[..], &network, &["--max-connections-per-peer", "1"]].concat();
        let app = TestApp::start_with(upstream.address, &arguments).await;
        let _one = served(Raw::connect(app.address).await).await;
        served(Raw::connect(app.address).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exempt_proxy_is_not_believed() {
    let upstream = Upstream::start().await;
    let users = ["--trusted-proxy-cidrs", "192.0.2.1", "--peer-limit-exempt-cidrs", "127.0.0.0/8"];
    let app = TestApp::start_with(upstream.address, &users).await;
    let call = app.api("GET", "/api/me").header("x-auth-request-email", "ann@example.org");
    assert_eq!(call.send().await.unwrap().status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_listeners_answer_health_checks_and_refuse_the_rest() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-connections", "2"]).await;
    for address in [app.address, app.attach] {
        let one = served(Raw::connect(address).await).await;
        let _two = served(Raw::connect(address).await).await;
        for path in ["/healthz", "/readyz"] {
            let healthy = answer(Raw::connect(address).await, path).await;
            assert!(healthy.starts_with("HTTP/1.1 200"), "{path}: {healthy}");
        }
        let refused = answer(Raw::connect(address).await, "/s/0123456789abcdef0123/config").await;
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("MAX_CONNECTIONS)"), "{refused}");
        drop(one);
        eventually("there is room again", async || {
            (!answer(Raw::connect(address).await, "/api/me").await.contains("503")).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incomplete_first_bytes_cost_nothing_and_close_with_their_peer() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut silent = Vec::new();
    for _ in 0..300 {
        let mut client = Raw::connect(app.address).await;
        client.send("P").await;
        silent.push(client);
    }
    served(Raw::connect(app.address).await).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks() >= before + 300, "each has a task");
    drop(silent);
    eventually("their tasks end", async || (tasks() < before + 10).then_some(())).await;
}
