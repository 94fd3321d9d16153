use http::StatusCode;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_to_start_without_history_lasts_until_a_run_is_ready() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let path = format!("/api/sessions/{id}/start-without-history");
    let request = async || app.api("POST", &path).send().await.unwrap();
    let stored = || app.fake.memo(id.parse().unwrap()).unwrap().set_history_aside;
    let refused = request().await;
    assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::CONFLICT, "session-running"));
    assert_eq!(stored(), None);

    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    app.wait_for_phase(&id, "stopped").await;
    app.fake.hold_starts();
    assert_eq!(request().await.status, StatusCode::ACCEPTED);
    app.wait_for_phase(&id, "starting").await;
    let name = stored().unwrap();
    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name} becomes a folder's name");
    assert_eq!(request().await.status, StatusCode::CONFLICT);
    app.fake.release_starts();
    app.wait_for_phase(&id, "ready").await;
    eventually("the request is cleared", async || stored().is_none().then_some(())).await;
    assert_eq!(app.starts(&id), 2);
}
