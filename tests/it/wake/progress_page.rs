use opencode_router::session::{Failure, Reason};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http::Answer;
use crate::support::upstream::Upstream;

fn is_a_safe_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let policy = answer.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn navigation_wakes_a_session_and_shows_progress() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    app.fake.hold_starts();
    let page = app.session(&id, "GET", "/deep/link?a=b").navigation().send().await.unwrap();
    assert_eq!(page.status, 503);
    is_a_safe_page(&page);
    assert!(page.header("retry-after").is_some());
    assert!(page.text().contains("<noscript><meta http-equiv=\"refresh\""), "it goes on without script");
    assert!(page.text().contains("data-phase=\"starting\""));
    app.wait_for_phase(&id, "starting").await;
    for (asset, kind) in [("page.css", "text/css; charset=utf-8"), ("wait.js", "text/javascript; charset=utf-8")] {
        assert!(page.text().contains(&format!("/.opencode-router/{asset}")));
        let asset = app.session(&id, "GET", &format!("/.opencode-router/{asset}")).send().await.unwrap();
        assert_eq!((asset.status.as_u16(), asset.header("content-type")), (200, Some(kind)));
    }
    app.fake.release_starts();
    app.wait_for_phase(&id, "ready").await;
    let page = app.session(&id, "GET", "/echo?a=b").navigation().send().await.unwrap();
    assert!(page.text().starts_with("GET /echo?a=b HTTP/1.1"), "the same address is the session's now");
    let first = app.session(&id, "GET", "/").navigation().send().await.unwrap();
    assert_eq!(first.status, 302);
    assert!(first.header("location").unwrap().ends_with("/session"), "{first:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_page_receives_each_phase() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let mut events = app.session(&id, "GET", "/.opencode-router/events").open().await.unwrap();
    assert_eq!(events.headers["content-type"], "text/event-stream");
    events.read_until("\"name\":\"stopped\"").await;
    assert_eq!(app.starts(&id), 1, "looking on wakes nothing");
    app.fake.hold_starts();
    app.session(&id, "GET", "/").navigation().send().await.unwrap();
    events.read_until("\"name\":\"starting\"").await;
    app.fake.release_starts();
    events.read_until("\"name\":\"ready\"").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_escaped() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let wanted = json!({"repoUrl": "https://host.example/a/b", "branch": "x<b>\"'&y"});
    app.fake.hold_starts();
    let made = app.api("POST", "/api/sessions").json(&wanted).send().await.unwrap();
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let page = app.session(&id, "GET", "/").navigation().send().await.unwrap();
    assert!(page.text().contains("x&lt;b&gt;&quot;&#39;&amp;y"), "{}", page.text());
    assert!(!page.text().contains("x<b>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_start_shows_the_reason_and_can_be_retried() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let log_tail = vec!["<script>alert(1)</script>".to_owned()];
    let why = "The repository is <gone>.";
    app.fake.fail_starts(Some(Failure { log_tail, ..Failure::new(Reason::RepositoryNotFound, why) }));
    app.session(&id, "GET", "/").navigation().send().await.unwrap();
    app.wait_for_phase(&id, "failed").await;
    let starts = app.starts(&id);
    let page = app.session(&id, "GET", "/deep?a=1").navigation().send().await.unwrap();
    is_a_safe_page(&page);
    assert_eq!(page.status, 503);
    assert!(page.text().contains("The repository is &lt;gone&gt;."), "{}", page.text());
    assert!(page.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.text().contains("<script>"));
    let action = "/.opencode-router/start?to=%2Fdeep%3Fa%3D1";
    assert!(page.text().contains(&format!("<form method=\"post\" action=\"{action}\">")), "{}", page.text());
    assert_eq!(app.starts(&id), starts, "looking at the failure is no retry");

    app.fake.fail_starts(None);
    let retry = app.session(&id, "POST", action).send().await.unwrap();
    assert_eq!((retry.status.as_u16(), retry.header("location")), (303, Some("/deep?a=1")));
    app.wait_for_phase(&id, "ready").await;
    for evil in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let path = format!("/.opencode-router/start?to={evil}");
        let answer = app.session(&id, "POST", &path).send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/")), "{evil}");
    }
}
