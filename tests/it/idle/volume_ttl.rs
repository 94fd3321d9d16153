//! The router deletes files of unused sessions after a warning to the owner. By default files stay.

use http::StatusCode;
use opencode_router::runtime::Runtime;
use opencode_router::session::PhaseName;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

const DAY: i64 = 24 * 60;

#[tokio::test]
async fn expired_files_are_deleted_after_a_warning() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--volume-ttl-days", "30", "--volume-warning-days", "7"]).await;
    let id = app.stopped().await;
    assert_eq!(app.get(&id).await["deletedSoon"], false);
    app.pass(22 * DAY);
    let early = app.get(&id).await;
    assert!(early["deletedAt"].is_string() && early["deletedSoon"] == false, "{early}");
    app.pass(2 * DAY);
    assert_eq!(app.get(&id).await["deletedSoon"], true);
    app.pass(7 * DAY);
    let path = format!("/api/sessions/{id}");
    let gone = async || app.api("GET", &path).send().await.unwrap().status == StatusCode::NOT_FOUND;
    eventually("it is gone", async || gone().await.then_some(())).await;
}

#[tokio::test]
async fn session_used_just_before_keeps_its_files() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--volume-ttl-days", "30"]).await;
    let id = app.stopped().await;
    let (known, session) = (id.parse().unwrap(), app.session_of(&id));
    // Another replica records the use, and this one has not observed it yet.
    app.fake.edit(known, &mut |memo| memo.title = Some("used".to_owned())).await.unwrap();
    app.pass(31 * DAY);
    eventually("its files were to go", async || app.fake.was_kept(known).then_some(())).await;
    assert_eq!(session.phase_name(), PhaseName::Stopped);
    app.fake.repeat(known).await;
    eventually("they go", async || app.lifecycle.registry().get(known).is_none().then_some(())).await;
}

#[tokio::test]
async fn files_stay_forever_by_default() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    app.pass(400 * DAY);
    let shown = app.get(&id).await;
    assert!(shown["deletedAt"].is_null() && shown["deletedSoon"] == false, "{shown}");
}
