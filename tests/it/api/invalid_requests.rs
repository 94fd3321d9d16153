use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http::{Answer, Call};
use crate::support::upstream::Upstream;

/// Checks the shape that all problems have (RFC 9457).
async fn problem(call: Call, status: u16, slug: &str) -> Answer {
    let what = format!("{call:?}");
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    let body = answer.json();
    assert_eq!(body["type"], format!("/problems/{slug}"), "{what}");
    assert_eq!(body["status"], status, "{what}");
    assert!(!body["title"].as_str().unwrap().is_empty(), "{what}");
    assert!(body["detail"].as_str().unwrap().ends_with(['.', '?', '0']) || slug == "bad-body", "{body}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_bodies_are_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let post = || app.api("POST", "/api/sessions");
    for (wanted, slug) in [
        (json!({"repo": "https://host.example/a/b"}), "bad-body"),
        (json!({"repoUrl": 5}), "bad-body"),
        (json!([]), "bad-body"),
        (json!({"repoUrl": "ext::sh -c id", "branch": "main"}), "bad-repository-url"),
        (json!({"repoUrl": "https://host.example/a/b", "branch": "--upload-pack=x"}), "bad-branch"),
        (json!({"branch": "main"}), "bad-branch"),
        (json!({"profile": "huge"}), "unknown-profile"),
    ] {
        problem(post().json(&wanted), 400, slug).await;
    }
    for (message, why) in
        [("x".repeat(200 * 1024), "128 KiB"), ("\u{1}".repeat(40 * 1024), "256 KiB as they are stored")]
    {
        let refused = problem(post().json(&json!({"initialMessage": message})), 413, "message-too-long").await;
        assert!(refused.json()["detail"].as_str().unwrap().contains(why), "{}", refused.text());
    }
    let unknown = problem(post().json(&json!({"surprise": 1})), 400, "bad-body").await;
    assert!(unknown.json()["detail"].as_str().unwrap().contains("surprise"), "it says which: {}", unknown.text());
    problem(post().header("content-type", "application/json").body("{"), 400, "bad-body").await;
    problem(post().body("{}"), 415, "not-json").await;
    problem(post().header("content-type", "text/plain").body("{}"), 415, "not-json").await;
    problem(post().json(&json!({"initialMessage": "x".repeat(300 * 1024)})), 413, "too-large").await;
    let list = app.api("GET", "/api/sessions").send().await.unwrap().json();
    assert_eq!(list["sessions"], json!([]), "none of them made a session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_paths_and_methods_are_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for path in ["/api", "/api/", "/api/nothing", "/api/sessions/x/y/z", "/api/Sessions"] {
        problem(app.api("GET", path), 404, "not-found").await;
    }
    for id in ["nonsense", "0123456789abcdef0123", "0123456789ABCDEF0123", "..%2f.."] {
        problem(app.api("GET", &format!("/api/sessions/{id}")), 404, "session-not-found").await;
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/me".to_owned(), vec!["GET", "HEAD"]),
        ("PUT", "/api/sessions".to_owned(), vec!["GET", "HEAD", "POST"]),
        ("PUT", format!("/api/sessions/{id}"), vec!["DELETE", "GET", "HEAD", "PATCH"]),
        ("GET", format!("/api/sessions/{id}/start"), vec!["POST"]),
        ("POST", format!("/api/sessions/{id}/logs"), vec!["GET", "HEAD"]),
        ("POST", "/api/openapi.json".to_owned(), vec!["GET", "HEAD"]),
    ] {
        let answer = problem(app.api(method, &path), 405, "wrong-method").await;
        let mut allow: Vec<_> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow, allowed, "{method} {path}");
    }
    assert_eq!(app.starts(&id), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_queries_are_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for query in ["logs?tail=x", "logs?tail=-1", "logs?lines=5", "events?until=never", "events?since=1"] {
        let answer = app.api("GET", &format!("/api/sessions/{id}/{query}")).send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (400, "bad-query".to_owned()), "{query}");
    }
}
