use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_need_no_login() {
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
async fn readiness_lists_waits_and_trouble() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let ready = app.api("GET", "/readyz").send().await.unwrap().json();
    assert_eq!(ready, serde_json::json!({"waitingFor": [], "trouble": []}));
    // The reason can contain what is in the file, so only the log has it.
    app.fake.profiles.keep("the reason".to_owned());
    let ready = app.api("GET", "/readyz").send().await.unwrap();
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json(), serde_json::json!({"waitingFor": [], "trouble": ["profiles-not-reloaded"]}));
}
