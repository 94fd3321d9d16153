//! Prometheus metrics, on a separate port.

use std::net::SocketAddr;

use http::StatusCode;

use crate::support::app::TestApp;
use crate::support::http::Call;

#[tokio::test]
async fn metrics_count_sessions_by_phase_on_their_own_port() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let app = TestApp::start_local(nowhere, &["--metrics-port", "0"]).await;
    app.ready().await;
    let metrics = app.metrics.expect("it listens");
    let answer = Call::get(metrics, "/metrics").send().await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    let text = answer.text();
    for line in [
        "opencode_router_sessions{phase=\"ready\"} 1",
        "opencode_router_leads 1",
        "opencode_router_replicas 1",
        "opencode_router_open_requests{kind=\"write\"} 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(Call::get(metrics, "/api/sessions").send().await.unwrap().status, StatusCode::NOT_FOUND);
    let outside = Call::get(app.address, "/metrics").send().await.unwrap();
    assert!(!outside.text().contains("opencode_router"), "the public port does not tell");
}
