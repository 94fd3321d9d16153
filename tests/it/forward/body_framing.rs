//! Bodies with unusual framing arrive whole, or the request is refused (RFC 9112, section 6).

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http2::handshake;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::support::app::TestApp;
use crate::support::condition::in_time;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// Sends a request with a body over HTTP/2, which ends with trailers. Returns the frames of the response's body.
async fn over_http2(app: &TestApp, id: &str, method: &str, path: &str) -> Vec<Frame<Bytes>> {
    let stream = TcpStream::connect(app.address).await.unwrap();
    let (mut client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let trailers: HeaderMap = [("x-trailer".parse().unwrap(), "1".parse().unwrap())].into_iter().collect();
    let frames =
        [Frame::data(Bytes::from_static(b"bo")), Frame::data(Bytes::from_static(b"dy")), Frame::trailers(trailers)];
    let body = StreamBody::new(stream::iter(frames.map(Ok::<_, std::convert::Infallible>)));
    let request = Request::builder().method(method).uri(format!("http://{}{path}", app.session_host(id)));
    let response = in_time("an answer", client.send_request(request.header("te", "trailers").body(body).unwrap()));
    let mut body = response.await.unwrap().into_body();
    let mut frames = Vec::new();
    while let Some(frame) = in_time("the body", body.frame()).await {
        frames.push(frame.unwrap());
    }
    connection.abort();
    frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn get_with_a_body_arrives_with_it() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    for framed in ["content-length: 4\r\n\r\nbody", "transfer-encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"]
    {
        client.send(&format!("GET /echo HTTP/1.1\r\nhost: {}\r\n{framed}", app.session_host(&id))).await;
        client.head().await;
        client.until("\r\n\r\nbody").await;
    }
    over_http2(&app, &id, "GET", "/echo").await;
    let seen = upstream.seen("/echo");
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.complete && seen.body == b"body"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_transfer_coding_of_a_request_is_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let hosts = [
        (app.address, app.session_host(&id), "/echo".to_owned()),
        (app.address, "localhost".to_owned(), "/api/sessions".to_owned()),
        (app.attach, "localhost".to_owned(), format!("/s/{id}/echo")),
    ];
    for (address, host, path) in hosts {
        for coding in ["gzip, chunked", "chunked, chunked", "gzip\r\ntransfer-encoding: chunked", "\x0b, chunked"] {
            let mut client = Raw::connect(address).await;
            client.ask("POST", &path, &host, &[&format!("transfer-encoding: {coding}")]).await;
            client.send("0\r\n\r\n").await;
            let head = client.head().await;
            let refused = if coding.starts_with('\x0b') { "HTTP/1.1 400" } else { "HTTP/1.1 501" };
            assert!(head.starts_with(refused), "{host}{path} {coding:?}: {head}");
        }
    }
    assert!(upstream.seen("/echo").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_transfer_coding_of_a_response_is_a_502() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    for (version, coding) in [
        ("1.1", "gzip, chunked"),
        ("1.1", "gzip"),
        ("1.1", "chunked, chunked"),
        ("1.1", "identity"),
        ("1.0", "chunked"),
    ] {
        upstream.ends_with("/coded", format!("HTTP/{version} 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n0\r\n\r\n"));
        let answer = app.session(&id, "GET", "/coded").send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (502, "bad-gateway".to_owned()), "{version} {coding}");
        app.no_leases(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_pass_in_neither_direction() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let trailers = "set-cookie: _oauth2_proxy=x\r\nx-trailer: 1\r\n";
    let head = "HTTP/1.1 200 OK\r\ntrailer: set-cookie, x-trailer\r\ntransfer-encoding: chunked\r\n\r\n";
    upstream.answers("/ended", format!("{head}4\r\nbody\r\n0\r\n{trailers}\r\n"));
    let mut client = Raw::connect(app.address).await;
    let headers = ["transfer-encoding: chunked", "te: trailers", "connection: te", "trailer: x-trailer"];
    for path in ["/ended", "/echo", "/ended"] {
        client.ask("POST", path, &app.session_host(&id), &headers).await;
        client.send("4\r\nbody\r\n0\r\nx-trailer: 1\r\n\r\n").await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 200") && !head.contains("trailer"), "{head}");
        let end = if path == "/echo" { "\r\n\r\nbody" } else { "4\r\nbody\r\n0\r\n\r\n" };
        assert!(client.until(end).await.len() >= end.len(), "the connection is in step");
    }
    let frames = over_http2(&app, &id, "POST", "/ended").await;
    assert!(frames.iter().all(Frame::is_data), "{frames:?}");
    let seen = [upstream.seen("/ended"), upstream.seen("/echo")].concat();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|seen| seen.body == b"body" && !seen.head.contains("trailer")), "{seen:?}");
}
