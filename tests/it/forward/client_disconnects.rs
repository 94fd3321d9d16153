use crate::support::app::TestApp;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// Sends a request. Disconnects after the server has received it and, if `part` is not empty, after `part` came back.
/// Checks that the server notices the disconnect.
async fn leaves(method: &str, path: &str, headers: &[&str], body: &str, part: &str) {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    client.ask(method, path, &app.session_host(&id), headers).await;
    client.send(body).await;
    let seen = upstream.sighting(path).await;
    if !part.is_empty() {
        client.until(part).await;
    }
    drop(client);
    upstream.closed(seen.connection).await;
    app.no_leases(&id).await;
    assert!(!upstream.seen(path)[0].complete || body.is_empty(), "half a body is not passed off as a whole one");
    assert_eq!(upstream.seen(path).len(), 1);
    assert_eq!(app.session(&id, "POST", "/echo").send().await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnect_while_waiting_reaches_the_server() {
    leaves("GET", "/stall", &[], "", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnect_during_a_known_length_response_reaches_the_server() {
    leaves("GET", "/half", &[], "", "half").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnect_during_an_event_stream_reaches_the_server() {
    leaves("GET", "/events", &[], "", "text/event-stream").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnect_during_a_known_length_upload_reaches_the_server() {
    leaves("POST", "/upload", &["content-length: 100"], "only this", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnect_during_a_chunked_upload_reaches_the_server() {
    leaves("POST", "/upload", &["transfer-encoding: chunked"], "4\r\nonly\r\n", "").await;
}
