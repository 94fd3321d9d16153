use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
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
