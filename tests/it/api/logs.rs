use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_ends_with_the_last_lines() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let log = async |query: &str| app.api("GET", &format!("/api/sessions/{id}/logs{query}")).send().await.unwrap();
    let all = log("").await;
    assert_eq!(all.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(all.text(), "Pending\nStarting\nReady\n");
    assert_eq!(log("?tail=2").await.text(), "Starting\nReady\n");
    assert_eq!(log("?tail=0").await.text(), "");
}
