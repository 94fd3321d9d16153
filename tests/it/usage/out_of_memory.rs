use opencode_router::session::{Failure, Reason};
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::audit_log;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

/// The session's run ends with this reason, once the record says that it was ready.
async fn ends(app: &TestApp, id: &str, reason: Reason) {
    let parsed = id.parse().unwrap();
    let noted = async || app.fake.memo(parsed)?.agent?.ready_since;
    eventually("the record says that it is ready", noted).await;
    app.fake.crash(parsed, Failure::new(reason, "It ended.")).await;
}

async fn message(app: &TestApp, id: &str, phase: &str) -> String {
    let session: Value = app.wait_for_phase(id, phase).await;
    session["phase"]["message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_comes_back_once_an_hour_and_says_why() {
    audit_log::listen();
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--idle-timeout-minutes", "600"]).await;
    let id = app.ready().await;
    ends(&app, &id, Reason::OutOfMemory).await;
    eventually("it was started again", async || (app.starts(&id) == 2).then_some(())).await;
    let said = message(&app, &id, "ready").await;
    assert!(said.starts_with("The session ran out of memory and was started again at 08:00 UTC."), "{said}");
    assert!(app.fake.memo(id.parse().unwrap()).unwrap().restarted_at.is_some(), "other replicas say it too");
    let lines = audit_log::about(&id);
    let starts = lines.iter().filter(|(_, fields)| fields["action"] == "start" && fields["actor"] == "auto-restart");
    assert_eq!(starts.count(), 1);

    ends(&app, &id, Reason::OutOfMemory).await;
    let said = message(&app, &id, "failed").await;
    assert!(said.contains("It was started again by itself at 08:00 UTC already"), "{said}");
    // Another session that comes back shows that the leader has looked at this one.
    let another = app.ready().await;
    ends(&app, &another, Reason::OutOfMemory).await;
    eventually("the other one was started again", async || (app.starts(&another) == 2).then_some(())).await;
    assert_eq!((app.starts(&id), message(&app, &id, "failed").await), (2, said));

    app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
    message(&app, &id, "ready").await;
    app.pass(61);
    assert_eq!(message(&app, &id, "ready").await, "", "it is long over");
    ends(&app, &id, Reason::OutOfMemory).await;
    eventually("it was started again", async || (app.starts(&id) == 4).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_other_failure_waits_for_a_person() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let (exited, another) = (app.ready().await, app.ready().await);
    ends(&app, &exited, Reason::OpencodeExited).await;
    ends(&app, &another, Reason::OutOfMemory).await;
    eventually("the leader has looked at both", async || (app.starts(&another) == 2).then_some(())).await;
    assert_eq!((app.starts(&exited), message(&app, &exited, "failed").await), (1, "It ended.".to_owned()));
}
