use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

/// Method, path and headers.
type Request = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Requests of idle browsers and clients.
const BACKGROUND: [Request; 12] = [
    ("GET", "/api/health", &[("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")]),
    ("GET", "/global/health", &[]),
    ("GET", "/global/event", &[("accept", "text/event-stream")]),
    ("GET", "/event", &[("accept", "text/event-stream")]),
    ("GET", "/session", &[("accept", "application/json")]),
    ("GET", "/logo.svg", &[("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "same-origin"), ("accept", "text/html")]),
    ("GET", "/pty/1/connect", &[("connection", "upgrade"), ("upgrade", "websocket")]),
    ("GET", "/", &[("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none"), ("sec-purpose", "prefetch")]),
    ("GET", "/", &[("accept", "text/html"), ("purpose", "prefetch")]),
    ("HEAD", "/", &[("accept", "text/html")]),
    ("OPTIONS", "/session", &[]),
    ("TRACE", "/session", &[]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn background_requests_get_session_stopped_at_once() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let before = app.starts(&id);
    for (method, path, headers) in BACKGROUND {
        let call = headers.iter().fold(app.session(&id, method, path), |call, (name, value)| call.header(name, value));
        let answer = call.send().await.unwrap();
        let what = format!("{method} {path} {headers:?}: {}", answer.text());
        assert_eq!(answer.status, 503, "{what}");
        assert!(answer.header("retry-after").is_some(), "{what}");
        let page = headers.iter().any(|(name, value)| *name == "accept" && value.contains("text/html"));
        if method != "HEAD" && !page {
            assert_eq!(answer.problem(), "session-stopped", "{what}");
        }
    }
    let session = app.get(&id).await;
    assert_eq!((&session["phase"]["name"], app.starts(&id)), (&"stopped".into(), before));
    // A start from a background request would count before this one.
    app.session(&id, "POST", "/echo").send().await.unwrap();
    assert_eq!(app.starts(&id), before + 1);
}
