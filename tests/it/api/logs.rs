//! The log of a session in the API.

use http::StatusCode;
use opencode_router::lifecycle::MOST_LOG_READERS;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_ends_with_the_last_lines() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let log = async |query: &str| app.api("GET", &format!("/api/sessions/{id}/logs{query}")).send().await.unwrap();
    let all = log("").await;
    assert_eq!(all.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(all.text(), "Pending\nStarting\nReady\n");
    assert_eq!(log("?tail=2").await.text(), "Starting\nReady\n");
    assert_eq!(log("?tail=0").await.text(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_with_too_many_open_logs_is_refused_and_others_are_not() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let log = async |user: &str, id: &str| {
        let call = app.api("GET", &format!("/api/sessions/{id}/logs?follow=true"));
        let mut answer = call.header("x-auth-request-email", user).open().await.unwrap();
        if answer.status == StatusCode::OK {
            answer.read_until("Stopped").await;
        }
        answer
    };
    let (anns, bobs) = (app.stopped_of("ann@x").await, app.stopped_of("bob@x").await);
    let mut open = Vec::new();
    for _ in 0..MOST_LOG_READERS {
        open.push(log("ann@x", &anns).await);
        assert_eq!(open.last().unwrap().status, StatusCode::OK);
    }
    let refused = log("ann@x", &anns).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers["retry-after"], "5");
    assert_eq!(log("bob@x", &bobs).await.status, StatusCode::OK);
    open.pop();
    let admitted = async || (log("ann@x", &anns).await.status == StatusCode::OK).then_some(());
    eventually("a closed log makes room", admitted).await;
}
