use opencode_router::app::Shutdown;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn need_no_login() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.api("GET", path).send().await.unwrap().status, 200, "{path}");
        assert_eq!(app.session("0123456789abcdef0123", "GET", path).send().await.unwrap().status, 401, "only here");
    }
    for path in ["/healthz/", "/readyz/x", "/api/me"] {
        assert_eq!(app.api("GET", path).send().await.unwrap().status, 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn say_what_is_waited_for() {
    let upstream = Upstream::start().await;
    let mut app = TestApp::start(upstream.address).await;
    let ready = app.api("GET", "/readyz").send().await.unwrap().json();
    assert_eq!(ready, serde_json::json!({"waitingFor": []}));
    // A request that began before the end is answered after it began.
    let mut client = Raw::connect(app.address).await;
    client.send("GET /readyz HTTP/1.1\r\n").await;
    let mut changes = app.api("GET", "/api/sessions/stream").open().await.unwrap();
    app.begin_stop(Shutdown::LeaveSessions);
    while let Some(Ok(_)) = in_time("the end begins", changes.chunk()).await {}
    client.send("host: localhost\r\n\r\n").await;
    let answer = client.rest().await;
    assert!(answer.is_empty() || answer.contains("503") && answer.contains("shutdown"), "{answer}");
}
