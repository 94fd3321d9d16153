use std::sync::Arc;
use std::time::{Duration, Instant};

use opencode_router::session::{Failure, Reason, Run};

use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// Time limit for all requests of an ended run to end.
const AT_ONCE: Duration = Duration::from_secs(1);

/// One client in each stage of a request.
struct Clients {
    waits_for_a_head: Raw,
    uploads: Raw,
    reads: Raw,
    listens: Raw,
    types: Raw,
    /// The upstream connections of all clients, and one unused connection.
    connections: Vec<usize>,
}

impl Clients {
    async fn begin(app: &TestApp, id: &str, upstream: &Upstream) -> Self {
        let host = app.session_host(id);
        assert_eq!(app.session(id, "GET", "/echo").send().await.unwrap().status, 200);
        let client = async |method: &str, path: &str, headers: &[&str], body: &str, part: &str| {
            let mut client = Raw::connect(app.address).await;
            client.ask(method, path, &host, headers).await;
            client.send(body).await;
            let seen = upstream.sighting(path).await;
            if !part.is_empty() {
                client.until(part).await;
            }
            (client, seen.connection)
        };
        let upgrade = ["connection: upgrade", "upgrade: websocket"];
        let (waits_for_a_head, first) = client("POST", "/stall", &["content-length: 0"], "", "").await;
        let (uploads, second) = client("POST", "/upload", &["content-length: 100"], "only this", "").await;
        let (reads, third) = client("GET", "/half", &[], "", "half").await;
        let (listens, fourth) = client("GET", "/events", &[], "", "text/event-stream").await;
        let (types, fifth) = client("GET", "/tunnel", &upgrade, "", "101 Switching").await;
        assert_eq!(app.session(id, "GET", "/echo").send().await.unwrap().status, 200);
        let unused = upstream.seen("/echo").last().unwrap().connection;
        let connections = vec![first, second, third, fourth, fifth, unused];
        Self { waits_for_a_head, uploads, reads, listens, types, connections }
    }

    async fn all_end(mut self, run: &Run, upstream: &Upstream) {
        in_time("the run is over", run.over().cancelled()).await;
        let over = Instant::now();
        for client in [&mut self.waits_for_a_head, &mut self.uploads] {
            let answer = client.head().await;
            assert!(answer.starts_with("HTTP/1.1 502"), "it was sent and may have been carried out: {answer}");
            client.until("may have been carried out").await;
        }
        assert!(!self.reads.rest().await.contains("HTTP"), "half an answer is cut");
        // The last chunk: an event stream ends cleanly.
        self.listens.until("0\r\n\r\n").await;
        self.types.rest().await;
        for connection in self.connections {
            upstream.closed(connection).await;
        }
        eventually("no lease is left", async || {
            let leases = run.leases();
            (leases.reads + leases.writes + leases.tunnels == 0).then_some(())
        })
        .await;
        assert!(over.elapsed() < AT_ONCE, "{:?}", over.elapsed());
    }
}

async fn run_of(app: &TestApp, id: &str) -> Arc<Run> {
    app.session_of(id).run().expect("it answers")
}

/// Requests of the last run do not hold leases on the next run.
async fn next_run_is_unaffected(app: &TestApp, id: &str, last: &Arc<Run>) {
    assert_eq!(app.session(id, "POST", "/echo").send().await.unwrap().status, 200);
    let session = app.session_of(id);
    assert!(!Arc::ptr_eq(&run_of(app, id).await, last));
    app.no_leases(id).await;
    let view = session.view(&app.lifecycle.limits().idle);
    assert!(!format!("{:?}", view.kept_by).contains("OpenRequest"), "{:?}", view.kept_by);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_run_ends_requests_in_every_stage() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let run = run_of(&app, &id).await;
    let clients = Clients::begin(&app, &id, &upstream).await;
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    clients.all_end(&run, &upstream).await;
    app.wait_for_phase(&id, "stopped").await;
    next_run_is_unaffected(&app, &id, &run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_run_ends_requests_in_every_stage() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let run = run_of(&app, &id).await;
    let clients = Clients::begin(&app, &id, &upstream).await;
    app.fake.crash(id.parse().unwrap(), Failure::new(Reason::NodeLost, "gone")).await;
    clients.all_end(&run, &upstream).await;
    app.wait_for_phase(&id, "failed").await;
    next_run_is_unaffected(&app, &id, &run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_session_ends_requests_in_every_stage() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let run = run_of(&app, &id).await;
    let clients = Clients::begin(&app, &id, &upstream).await;
    let deleted = app.api("DELETE", &format!("/api/sessions/{id}")).send();
    let (deleted, ()) = tokio::join!(deleted, clients.all_end(&run, &upstream));
    assert_eq!(deleted.unwrap().status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_not_sent_may_be_repeated() {
    // A port that was just free has no listener.
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let app = TestApp::start(nobody).await;
    let id = app.ready().await;
    let answer = app.session(&id, "POST", "/echo").body("x").send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem()), (503, "not-sent".to_owned()));
    assert!(answer.header("retry-after").is_some());
    app.no_leases(&id).await;
}
