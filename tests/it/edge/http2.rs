use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::ext::Protocol;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

type Client = SendRequest<Full<Bytes>>;

async fn connect(app: &TestApp) -> Client {
    let stream = TcpStream::connect(app.address).await.unwrap();
    let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn ask(client: &Client, method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Response<Incoming> {
    let mut request = Request::builder().method(method).uri(format!("http://{host}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from_static(b"body"))).unwrap();
    in_time("an answer", client.clone().send_request(request)).await.unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    let body = in_time("the body", response.into_body().collect()).await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_works_with_prior_knowledge_and_concurrent_requests() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    let client = connect(&app).await;
    let waiting = ask(&client, "POST", &host, "/gate", &[]);
    let meanwhile = async {
        upstream.sighting("/gate").await;
        let mut events = ask(&client, "GET", &host, "/events", &[]).await;
        upstream.say("one");
        let frame = in_time("an event", events.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "data: one\n\n");
        let echo = ask(&client, "POST", &host, "/echo", &[("te", "trailers")]).await;
        assert!(text(echo).await.ends_with("body"));
        upstream.open_gate();
    };
    let (waited, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(text(waited).await, "open");
    let seen = upstream.sighting("/echo").await;
    assert!(seen.head.starts_with("POST /echo HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!((seen.header("host"), seen.header("te")), (vec![host], vec![]));
    app.no_leases(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_follows_the_same_rules() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let client = connect(&app).await;
    let status = async |host: &str, headers: &[(&str, &str)]| {
        ask(&client, "POST", host, "/api/sessions", headers).await.status().as_u16()
    };
    let user = ("x-auth-request-email", "ann@example.org");
    assert_eq!(status("evil.example", &[user]).await, 421);
    assert_eq!(status("localhost", &[]).await, 401);
    assert_eq!(status("localhost", &[user, user]).await, 400);
    assert_eq!(status("localhost", &[user, ("origin", "http://evil.example")]).await, 403);
    assert_eq!(status("localhost", &[user, ("host", "evil.example")]).await, 400, "two hosts that disagree");
    assert_eq!(status("localhost", &[user]).await, 415);
}

/// Opens an extended CONNECT.
async fn websocket(client: &Client, host: &str, path: &str, headers: &[(&str, &str)]) -> Response<Incoming> {
    let mut request = Request::connect(format!("http://{host}{path}")).extension(Protocol::from_static("websocket"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::new())).unwrap();
    in_time("an answer", client.clone().send_request(request)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websocket_over_http2_is_a_tunnel() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    let client = connect(&app).await;
    let response = websocket(&client, &host, "/tunnel?x=1", &[("sec-websocket-version", "13")]).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("upgrade") && !response.headers().contains_key("connection"));
    let seen = upstream.sighting("/tunnel").await;
    assert!(seen.head.starts_with("GET /tunnel?x=1 HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("upgrade"), ["websocket"]);
    assert_eq!(
        (seen.header("host"), seen.header("sec-websocket-version")),
        (vec![host.clone()], vec!["13".to_owned()])
    );
    assert_eq!(seen.header("sec-websocket-key")[0].len(), 24);

    let mut tunnel = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    tunnel.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    in_time("the echo", tunnel.read_exact(&mut echo)).await.unwrap();
    assert_eq!(&echo, b"hello");
    drop(tunnel);
    app.no_leases(&id).await;
    // Nothing else on the connection is affected, and what is no WebSocket opens no tunnel.
    assert_eq!(websocket(&client, &host, "/refuses-upgrade", &[]).await.status(), 403);
    assert_eq!(websocket(&client, &host, "/echo", &[]).await.status(), 502);
    assert_eq!(websocket(&client, &host, "/tunnel", &[("origin", "http://evil.example")]).await.status(), 403);
    assert_eq!(websocket(&client, "evil.example", "/tunnel", &[]).await.status(), 421);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_is_refused_on_both_versions() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let request = Request::connect("example.org:443").body(Full::new(Bytes::new())).unwrap();
    let response = in_time("an answer", connect(&app).await.send_request(request)).await.unwrap();
    assert_eq!(response.status(), 501);
    for address in [app.address, app.attach] {
        let mut client = Raw::connect(address).await;
        client.ask("CONNECT", "example.org:443", "example.org:443", &[]).await;
        assert!(client.head().await.starts_with("HTTP/1.1 501"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_upload_does_not_block_other_uploads() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let (ready, asleep) = (app.ready().await, app.stopped().await);
    app.fake.hold_starts();
    let client = connect(&app).await;
    let upload = |id: &str, size: usize| {
        let body = Full::new(Bytes::from(vec![b'x'; size]));
        let request = Request::post(format!("http://{}/echo", app.session_host(id))).body(body).unwrap();
        client.clone().send_request(request)
    };
    let held: Vec<_> = (0..20).map(|_| tokio::spawn(upload(&asleep, 1024 * 1024))).collect();
    app.wait_for_phase(&asleep, "starting").await;
    let response = in_time("an answer to the other upload", upload(&ready, 1024 * 1024)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(text(response).await.len() > 1024 * 1024);
    app.fake.release_starts();
    for held in held {
        assert_eq!(in_time("an answer", held).await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusal_of_one_request_leaves_the_connection_to_the_others() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--max-requests-per-user", "1"]).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    let client = connect(&app).await;
    let mut events = ask(&client, "GET", &host, "/events", &[]).await;
    // Over HTTP/1, this answer ends its connection.
    let refused = ask(&client, "GET", &host, "/echo", &[]).await;
    assert_eq!((refused.status().as_u16(), refused.headers().get("connection")), (503, None));
    upstream.say("still here");
    let frame = in_time("an event", events.frame()).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: still here\n\n");
}
