use opencode_router::session::Outdated;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_restart_would_change_is_shown_while_a_session_runs() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    assert_eq!(app.get(&id).await.get("outdated"), None, "usually nothing is said");
    let mut stream = app.api("GET", "/api/sessions/stream").open().await.unwrap();
    assert!(!stream.read_until("\n\n").await.contains("outdated"));
    let shows = async |expected: Option<Value>| {
        let what = format!("{expected:?} is shown");
        eventually(&what, async || (app.get(&id).await.get("outdated") == expected.as_ref()).then_some(())).await;
    };
    app.fake.outdates(&[Outdated::Profile, Outdated::Image, Outdated::Secrets, Outdated::Keys]);
    shows(Some(json!(["profile", "image", "secrets", "keys"]))).await;
    stream.read_until("\"outdated\":[\"profile\",\"image\",\"secrets\",\"keys\"]").await;

    app.fake.outdates(&[]);
    shows(None).await;
    app.fake.outdates(&[Outdated::Image]);
    shows(Some(json!(["image"]))).await;
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    let stopped = app.wait_for_phase(&id, "stopped").await;
    assert_eq!(stopped.get("outdated"), None, "a stopped session takes all of it at its next start");
}
