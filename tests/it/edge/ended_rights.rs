//! What a token opened ends with it, within a second.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::http::Open;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

const SECOND: Duration = Duration::from_secs(1);

/// An event stream, a tunnel and a waiting request of one attach token.
struct Opened {
    events: Open,
    tunnel: Raw,
    waiting: tokio::task::JoinHandle<std::io::Result<crate::support::http::Answer>>,
}

impl Opened {
    async fn with(app: &TestApp, upstream: &Upstream, id: &str, token: &str) -> Self {
        let events = app.attach(id, token, "GET", "/events").open().await.unwrap();
        let mut tunnel = Raw::connect(app.attach).await;
        let authorization = format!("authorization: Bearer {token}");
        tunnel.upgrade(&format!("/s/{id}/tunnel"), "localhost", &[&authorization]).await;
        assert!(tunnel.head().await.starts_with("HTTP/1.1 101"));
        let waiting = tokio::spawn(app.attach(id, token, "POST", "/gate").send());
        upstream.sighting("/gate").await;
        Self { events, tunnel, waiting }
    }

    async fn end(mut self, since: Instant) {
        assert!(in_time("the stream ends", self.events.chunk()).await.is_none(), "it ends cleanly");
        assert_eq!(self.tunnel.rest().await, "");
        let answer = in_time("the request ends", self.waiting).await.unwrap().unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (401, "bad-token".to_owned()));
        assert!(since.elapsed() < SECOND, "{:?}", since.elapsed());
    }
}

/// The name of a new token that is valid for an hour, and the token.
async fn make_token(app: &TestApp, id: &str) -> (String, String) {
    let wanted = json!({ "expiresInHours": 1 });
    let made = app.api("POST", &format!("/api/sessions/{id}/tokens")).json(&wanted).send().await.unwrap().json();
    (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_token_closes_what_it_opened_and_nothing_else() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let ((revoked, token), (_, other)) = (make_token(&app, &id).await, make_token(&app, &id).await);
    let mut others = app.attach(&id, &other, "GET", "/events").open().await.unwrap();
    let mut owners = app.session(&id, "GET", "/events").open().await.unwrap();
    let opened = Opened::with(&app, &upstream, &id, &token).await;
    let since = Instant::now();
    let deleted = app.api("DELETE", &format!("/api/sessions/{id}/tokens/{revoked}")).send().await.unwrap();
    assert_eq!(deleted.status, 204);
    opened.end(since).await;
    upstream.say("still there");
    for stream in [&mut others, &mut owners] {
        stream.read_until("still there").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_token_closes_what_it_opened() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let (_, token) = make_token(&app, &id).await;
    let opened = Opened::with(&app, &upstream, &id, &token).await;
    let since = Instant::now();
    app.clock.advance(SignedDuration::from_mins(61));
    opened.end(since).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replica_without_news_trusts_no_token() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let (_, token) = make_token(&app, &id).await;
    let opened = Opened::with(&app, &upstream, &id, &token).await;
    let mut owners = app.session(&id, "GET", "/events").open().await.unwrap();
    let since = Instant::now();
    app.fake.lose_news();
    opened.end(since).await;
    let refused = app.attach(&id, &token, "GET", "/echo").send().await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.problem()), (503, "cluster-unreachable".to_owned()));
    upstream.say("for the owner");
    owners.read_until("for the owner").await;
}
