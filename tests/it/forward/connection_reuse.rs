use std::collections::HashSet;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

/// The connections that have carried `/echo` so far.
fn connections(upstream: &Upstream) -> Vec<usize> {
    upstream.seen("/echo").iter().map(|seen| seen.connection).collect()
}

/// Sends requests until one connection carried two, which shows its reuse. Returns that connection.
async fn warm(app: &TestApp, id: &str, upstream: &Upstream) -> usize {
    eventually("a connection is used again", async || {
        assert_eq!(app.session(id, "GET", "/echo").send().await.unwrap().status, 200);
        let mut known = HashSet::new();
        connections(upstream).into_iter().rev().find(|connection| !known.insert(*connection))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_is_never_sent_twice() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for round in 0.. {
        warm(&app, &id, &upstream).await;
        // The server reads the request and closes, like a server that crashes during the request.
        let path = format!("/drop?{round}");
        let answer = app.session(&id, "POST", &path).body("once").send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (502, "bad-gateway".to_owned()));
        let seen: Vec<_> = upstream.seen("/drop").into_iter().filter(|seen| seen.path == path).collect();
        assert_eq!(seen.len(), 1);
        app.no_leases(&id).await;
        // A retry is only plausible on a reused connection, so repeat until the request used one.
        if connections(&upstream).contains(&seen[0].connection) {
            return;
        }
        assert!(round < 50, "no connection is ever used again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_of_one_run_never_serves_the_next() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let kept = warm(&app, &id, &upstream).await;
    let first_run: HashSet<_> = connections(&upstream).into_iter().collect();
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    app.wait_for_phase(&id, "stopped").await;
    upstream.closed(kept).await;
    app.session(&id, "POST", "/echo").send().await.unwrap();
    warm(&app, &id, &upstream).await;
    let after_restart = upstream.seen("/echo").into_iter().skip_while(|seen| seen.method != "POST");
    for seen in after_restart {
        assert!(!first_run.contains(&seen.connection), "{} served both runs", seen.connection);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_of_one_session_never_serves_another() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let (one, other) = (app.ready().await, app.ready().await);
    warm(&app, &one, &upstream).await;
    let first: HashSet<_> = connections(&upstream).into_iter().collect();
    app.session(&other, "POST", "/echo").send().await.unwrap();
    let last = *connections(&upstream).last().unwrap();
    assert!(!first.contains(&last));
}
