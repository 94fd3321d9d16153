use opencode_router::app::Shutdown;
use opencode_router::session::PhaseName;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::audit_log;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

const PROMPT: &str = "a-prompt-of-mine";
const QUERY: &str = "a-query-of-mine";

/// What the lines about a session say: what was done, by whom, and why.
fn told(id: &str) -> Vec<String> {
    let text = |fields: &Value, name: &str| fields[name].as_str().unwrap_or("-").to_owned();
    let names = ["action", "outcome", "actor", "who", "why"];
    let lines = audit_log::about(id);
    lines.iter().map(|(_, fields)| names.map(|name| text(fields, name)).join(" ")).collect()
}

/// The word of the router itself that a time is told after.
fn until_time(line: &str) -> &str {
    line.split_once(" at ").map_or(line, |(before, _)| before)
}

async fn quiet(app: &TestApp, id: &str) {
    let keepers = async || (app.get(id).await["keptAliveBy"] == json!(["activity"])).then_some(());
    eventually("only its last use keeps the session", keepers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_writes_one_line_without_secrets() {
    audit_log::listen();
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--idle-timeout-minutes", "30"]).await;
    let create = app.api("POST", &format!("/api/sessions?x={QUERY}")).json(&json!({"initialMessage": PROMPT}));
    let id = create.send().await.unwrap().json()["id"].as_str().unwrap().to_owned();
    app.wait_for_phase(&id, "ready").await;
    let path = format!("/api/sessions/{id}");
    let stop = async || {
        app.api("POST", &format!("{path}/stop")).send().await.unwrap();
        app.wait_for_phase(&id, "stopped").await;
    };
    stop().await;
    let wake = app.session(&id, "POST", &format!("/echo?x={QUERY}")).body(PROMPT);
    assert_eq!(wake.send().await.unwrap().status, 200);
    let made = app.api("POST", &format!("{path}/tokens")).json(&json!({"label": "laptop"})).send().await.unwrap();
    let (token, name) = (made.json()["token"].as_str().unwrap().to_owned(), made.json()["id"].clone());
    let name = name.as_str().unwrap();
    stop().await;
    let wake = app.attach(&id, &token, "POST", &format!("/echo?auth_token={token}"));
    assert_eq!(wake.send().await.unwrap().status, 200);
    quiet(&app, &id).await;
    app.pass(31);
    app.wait_for_phase(&id, "stopped").await;
    for end in [format!("{path}/tokens/{name}"), path.clone()] {
        assert_eq!(app.api("DELETE", &end).send().await.unwrap().status, 204);
    }

    let dev = "user dev@localhost";
    let expected = [
        format!("create done {dev} POST /api/sessions"),
        format!("start begun {dev} POST /api/sessions"),
        format!("stop begun {dev} POST {path}/stop"),
        format!("start begun {dev} POST /echo"),
        format!("make-token done {dev} POST {path}/tokens"),
        format!("stop begun {dev} POST {path}/stop"),
        format!("start begun token {name} POST /echo"),
        "stop begun idle-rule - last used".to_owned(),
        format!("revoke-token done {dev} DELETE {path}/tokens/{name}"),
        format!("delete begun {dev} DELETE {path}"),
    ];
    let told = told(&id);
    assert_eq!(told.iter().map(|line| until_time(line)).collect::<Vec<_>>(), expected);
    for (line, fields) in audit_log::about(&id) {
        for secret in [&token[4..], PROMPT, QUERY] {
            assert!(!line.contains(secret), "{line}");
        }
        assert_eq!(fields["owner"], "dev@localhost");
        let by_request = fields["actor"] != "idle-rule";
        assert_eq!((fields["from"] == "127.0.0.1", fields["via"].is_string()), (by_request, by_request), "{line}");
        assert_eq!(fields["token"] == name, fields["action"].as_str().unwrap().ends_with("-token"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_limit_and_shutdown_are_actors() {
    audit_log::listen();
    let upstream = Upstream::start().await;
    let mut app = TestApp::start_local(upstream.address, &["--start-timeout-seconds", "1"]).await;
    let ready = app.ready().await;
    app.fake.hold_starts();
    let slow = app.create().await;
    app.wait_for_phase(&slow, "failed").await;
    app.stop(Shutdown::StopSessions).await;
    assert_eq!(told(&slow).last().unwrap(), "give-up begun start-limit - not ready after 1 s");
    assert_eq!(told(&ready).last().unwrap(), "stop begun shutdown - the router ends with its sessions");
    assert_eq!((told(&slow).len(), told(&ready).len()), (3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_that_changes_nothing_writes_no_line() {
    audit_log::listen();
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let before = told(&id);
    app.session(&id, "POST", "/echo").send().await.unwrap();
    app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
    app.api("DELETE", &format!("/api/sessions/{id}/tokens/none")).send().await.unwrap();
    assert_eq!(told(&id), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_change_writes_a_second_line() {
    audit_log::listen();
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let path = format!("/api/sessions/{id}");
    app.fake.fail_stops();
    app.api("POST", &format!("{path}/stop")).send().await.unwrap();
    eventually("the stop fails", async || told(&id).last()?.starts_with("stop failed").then_some(())).await;
    app.api("DELETE", &path).send().await.unwrap();
    eventually("the delete fails", async || told(&id).last()?.starts_with("delete failed").then_some(())).await;
    let dev = "user dev@localhost";
    let ends = ["stop begun", "stop failed", "delete begun", "delete failed"];
    let whys = [format!("POST {path}/stop"), format!("DELETE {path}")];
    let expected: Vec<_> = ends.iter().zip(whys.iter().flat_map(|why| [why, why])).collect();
    let expected: Vec<_> = expected.iter().map(|(end, why)| format!("{end} {dev} {why}")).collect();
    assert_eq!(told(&id)[2..], expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leader_and_expiry_are_actors() {
    audit_log::listen();
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--volume-ttl-days", "1"]).await;
    let id = app.ready().await;
    app.fake.tells(id.parse().unwrap(), PhaseName::Stopping).await;
    app.wait_for_phase(&id, "stopping").await;
    app.pass(1);
    app.wait_for_phase(&id, "stopped").await;
    app.pass(24 * 60);
    let gone =
        async || (app.api("GET", &format!("/api/sessions/{id}")).send().await.unwrap().status == 404).then_some(());
    eventually("its files expire", gone).await;
    let lines = told(&id);
    assert!(lines[2].starts_with("stop begun leader - left Stopping since "), "{lines:?}");
    assert!(lines[3].starts_with("expire done expiry - last used at "), "{lines:?}");
    assert_eq!(lines.len(), 4, "{lines:?}");
}
