use opencode_router::profiles::{Profile, ProfileSet};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

fn offer(app: &TestApp, text: &str) {
    app.fake.profiles.replace(ProfileSet::read(text, &Profile::default(), |_| Vec::new()).unwrap());
}

async fn create(app: &TestApp, profile: &str) -> String {
    let made = app.api("POST", "/api/sessions").json(&json!({"profile": profile})).send().await.unwrap();
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn is_quiet(app: &TestApp, id: &str) {
    let quiet = async || (app.get(id).await["keptAliveBy"] == json!(["activity"])).then_some(());
    eventually("only its last use keeps it", quiet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_is_idle_by_its_profile_and_a_change_counts_at_once() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--idle-timeout-minutes", "30"]).await;
    offer(&app, "profiles:\n  usual: {}\n  short: {idle: {timeoutMinutes: 5}}\n");
    let me = app.api("GET", "/api/me").send().await.unwrap().json();
    let minutes: Vec<_> = me["profiles"].as_array().unwrap().iter().map(|it| &it["idleTimeoutMinutes"]).collect();
    assert_eq!(minutes, [&json!(30.0), &json!(5.0)]);

    let (usual, short) = (create(&app, "usual").await, create(&app, "short").await);
    is_quiet(&app, &usual).await;
    is_quiet(&app, &short).await;
    app.pass(5);
    app.wait_for_phase(&short, "stopped").await;
    assert_eq!(app.get(&usual).await["phase"]["name"], "ready");

    let stops_at = app.get(&usual).await["stopsAt"].clone();
    offer(&app, "profiles:\n  usual: {idle: {timeoutMinutes: 20}}\n");
    assert_ne!(app.get(&usual).await["stopsAt"], stops_at, "no start is needed");
    app.pass(15);
    app.wait_for_phase(&usual, "stopped").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_takes_as_long_as_its_profile_allows() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--start-timeout-seconds", "600"]).await;
    offer(&app, "profiles:\n  hasty: {startTimeoutSeconds: 1}\n");
    app.fake.hold_starts();
    let id = create(&app, "hasty").await;
    app.wait_for_phase(&id, "failed").await;
    let phase: Value = app.get(&id).await["phase"].clone();
    assert_eq!(phase["reason"], "start-timeout");
    assert!(phase["message"].as_str().unwrap().contains("not ready after 1 seconds"), "{phase}");
}
