use opencode_router::session::PhaseName;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::http::Open;
use crate::support::upstream::Upstream;

/// Reads to the end of an event that contains `part`. Returns all received text.
async fn event(stream: &mut Open, part: &str) -> String {
    let mut text = stream.read_until(part).await;
    if !text.ends_with("\n\n") {
        text += &stream.read_until("\n\n").await;
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_shows_every_change_of_my_sessions() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let old = app.ready().await;
    let mut stream = app.api("GET", "/api/sessions/stream").open().await.unwrap();
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    let snapshot = event(&mut stream, "event: snapshot").await;
    assert!(snapshot.contains(&old) && snapshot.contains("\"name\":\"ready\""), "{snapshot}");

    app.fake.hold_starts();
    let new = app.create().await;
    let told = event(&mut stream, "\"name\":\"starting\"").await;
    assert!(told.contains("event: session") && told.contains(&new), "{told}");
    app.fake.release_starts();
    stream.read_until("\"name\":\"ready\"").await;
    app.api("DELETE", &format!("/api/sessions/{new}")).send().await.unwrap();
    let told = event(&mut stream, "event: deleted").await;
    assert!(told.contains(&format!("{{\"id\":\"{new}\"}}")), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_shows_no_other_users_sessions() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let hers = app.stopped_of("ann@example.org").await;
    let bob = |method: &str, path: &str| app.api(method, path).header("x-auth-request-email", "bob@example.org");
    let mut stream = bob("GET", "/api/sessions/stream").open().await.unwrap();
    let mut told = event(&mut stream, "event: snapshot").await;
    app.session(&hers, "POST", "/echo").header("x-auth-request-email", "ann@example.org").send().await.unwrap();
    let delete = app.api("DELETE", &format!("/api/sessions/{hers}")).header("x-auth-request-email", "ann@example.org");
    assert_eq!(delete.send().await.unwrap().status, 204);
    // Events about her sessions would have come before this one.
    let his = bob("POST", "/api/sessions").json(&json!({})).send().await.unwrap().json();
    let his = his["id"].as_str().unwrap();
    told += &event(&mut stream, his).await;
    assert!(!told.contains(&hers) && !told.contains("ann@"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settled_stream_ends_at_ready() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    app.fake.hold_starts();
    let id = app.create().await;
    app.wait_for_phase(&id, "starting").await;
    let path = format!("/api/sessions/{id}/events");
    let mut endless = app.api("GET", &path).open().await.unwrap();
    let mut stream = app.api("GET", &format!("{path}?until=settled")).open().await.unwrap();
    let first = event(&mut stream, "\"name\":\"starting\"").await;
    assert!(first.starts_with("event: phase\n"), "the phase it is in comes first: {first}");
    app.fake.release_starts();
    event(&mut stream, "\"name\":\"ready\"").await;
    assert!(in_time("the end", stream.chunk()).await.is_none(), "it ends");

    endless.read_until("\"name\":\"ready\"").await;
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    endless.read_until("\"name\":\"stopped\"").await;
    app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
    endless.read_until("\"name\":\"ready\"").await;

    let settled = app.api("GET", &format!("{path}?until=settled")).send().await.unwrap();
    assert!(settled.text().contains("\"name\":\"ready\""), "already settled: {}", settled.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settled_stream_ends_when_another_client_stops_the_start() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    app.fake.hold_starts();
    let id = app.create().await;
    // The stream may or may not receive the stop before the start ends.
    for _ in 0..30 {
        app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
        app.wait_for_phase(&id, "starting").await;
        let mut stream = app.api("GET", &format!("/api/sessions/{id}/events?until=settled")).open().await.unwrap();
        event(&mut stream, "\"name\":\"starting\"").await;
        app.fake.tells(id.parse().unwrap(), PhaseName::Stopped).await;
        event(&mut stream, "\"name\":\"stopped\"").await;
        in_time("the end", async { while stream.chunk().await.is_some() {} }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settled_stream_ends_at_failed() {
    use opencode_router::session::{Failure, Reason};
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    app.fake.fail_starts(Some(Failure::new(Reason::BranchNotFound, "There is no such branch.")));
    let id = app.create().await;
    let stream = app.api("GET", &format!("/api/sessions/{id}/events?until=settled")).send();
    let told = in_time("the end", stream).await.unwrap().text();
    assert!(told.contains("\"reason\":\"branch-not-found\"") && told.contains("There is no such branch."), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_session_ends_its_streams() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    app.fake.hold_starts();
    let id = app.create().await;
    let events = |until: &str| app.api("GET", &format!("/api/sessions/{id}/events{until}")).open();
    let streams = [events("").await.unwrap(), events("?until=settled").await.unwrap()];
    assert_eq!(app.api("DELETE", &format!("/api/sessions/{id}")).send().await.unwrap().status, 204);
    for mut stream in streams {
        stream.read_until("\"name\":\"deleting\"").await;
        while let Some(more) = in_time("the stream ends", stream.chunk()).await {
            assert!(more.is_ok());
        }
    }
}
