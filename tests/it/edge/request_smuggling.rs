//! Requests that two servers could read differently: refused, or forwarded with one meaning. Each is followed by a second
//! request on the same connection, which must never become part of the first.

use crate::support::app::TestApp;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// Sends `first` and a second request for `path` on one connection, which closes then. Returns all answers.
async fn answers(app: &TestApp, first: &str, host: &str, path: &str) -> String {
    let mut client = Raw::connect(app.address).await;
    client.send(&format!("{first}GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
    client.rest().await
}

/// The statuses of the responses.
fn statuses(answers: &str) -> Vec<&str> {
    answers
        .match_indices("HTTP/1.1 ")
        .filter_map(|(at, start)| answers.get(at + start.len()..at + start.len() + 3))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    let post = |headers: &str| format!("POST /echo HTTP/1.1\r\nhost: {host}\r\n{headers}");
    let cases = [
        ("two lengths", post("content-length: 4\r\ncontent-length: 5\r\n\r\nbody")),
        ("list of lengths", post("content-length: 4, 4\r\n\r\nbody")),
        ("signed length", post("content-length: +4\r\n\r\nbody")),
        ("hexadecimal length", post("content-length: 0x4\r\n\r\nbody")),
        ("endless length", post("content-length: 99999999999999999999\r\n\r\nbody")),
        ("coding that is not chunked", post("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("chunked is not last", post("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
        ("space before the colon", post("transfer-encoding : chunked\r\n\r\n0\r\n\r\n")),
        ("folded header", post("x-a: 1\r\n content-length: 4\r\n\r\nbody")),
        ("first header is folded", format!("GET /echo HTTP/1.1\r\n x: 1\r\nhost: {host}\r\n\r\n")),
        ("bare CR in a header", post("x-a: 1\rcontent-length: 4\r\n\r\nbody")),
        ("NUL in a header", post("x-a: \0\r\n\r\n")),
        ("NUL in the target", format!("GET /ec\0ho HTTP/1.1\r\nhost: {host}\r\n\r\n")),
        ("header without a name", post(": 1\r\n\r\n")),
        ("header without a colon", post("content-length\r\n\r\n")),
        ("HTTP/0.9", "GET /echo\r\n\r\n".to_owned()),
        ("HTTP/2.0 by name", format!("GET /echo HTTP/2.0\r\nhost: {host}\r\n\r\n")),
        ("HTTP/1.2", format!("GET /echo HTTP/1.2\r\nhost: {host}\r\n\r\n")),
        ("space in the target", format!("GET /ec ho HTTP/1.1\r\nhost: {host}\r\n\r\n")),
        (
            "coding over HTTP/1.0",
            format!("POST /echo HTTP/1.0\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
    ];
    for (what, request) in cases {
        let answers = answers(&app, &request, &host, "/echo?smuggled").await;
        let statuses = statuses(&answers);
        assert!(matches!(statuses[..], [first] if first.starts_with('4')), "{what}: {answers}");
    }
    assert!(upstream.seen("/echo").is_empty(), "{:?}", upstream.seen("/echo"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_lines_are_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let (host, long) = (app.session_host(&id), "x".repeat(70_000));
    for (what, request, refused) in [
        ("method", format!("{long} /echo HTTP/1.1\r\nhost: {host}\r\n\r\n"), ["400", "431"]),
        ("target", format!("GET /{long} HTTP/1.1\r\nhost: {host}\r\n\r\n"), ["414", "431"]),
        ("name", format!("GET /echo HTTP/1.1\r\nhost: {host}\r\n{long}: 1\r\n\r\n"), ["400", "431"]),
        ("value", format!("GET /echo HTTP/1.1\r\nhost: {host}\r\nx: {long}\r\n\r\n"), ["431", "431"]),
    ] {
        let mut client = Raw::connect(app.address).await;
        client.send(&request).await;
        let head = client.head().await;
        assert!(refused.iter().any(|status| head.starts_with(&format!("HTTP/1.1 {status}"))), "{what}: {head}");
    }
    assert!(upstream.seen("/echo").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ambiguous_bodies_are_framed_again() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    let chunks = "transfer-encoding: chunked\r\n\r\n";
    // Headers and body, the body that counts, and whether the next request of the connection is served.
    let cases = [
        ("both framings", format!("content-length: 1\r\n{chunks}4\r\nbody\r\n0\r\n\r\n"), true, false),
        (
            "both, the other way",
            "transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n4\r\nbody\r\n0\r\n\r\n".to_owned(),
            true,
            false,
        ),
        ("same length twice", "content-length: 4\r\ncontent-length: 4\r\n\r\nbody".to_owned(), true, true),
        ("chunk extension", format!("{chunks}4;a=\"b\"\r\nbody\r\n0;x\r\n\r\n"), true, true),
        ("bare LF in the head", "content-length: 4\n\nbody".to_owned(), true, true),
        ("LF in a chunk extension", format!("{chunks}4;\nbody\r\n0\r\n\r\n"), false, false),
        ("LF after a chunk size", format!("{chunks}4\nbody\r\n0\r\n\r\n"), false, false),
        ("chunk longer than its size", format!("{chunks}2\r\nbody\r\n0\r\n\r\n"), false, false),
        ("signed chunk size", format!("{chunks}+4\r\nbody\r\n0\r\n\r\n"), false, false),
        ("endless chunk size", format!("{chunks}fffffffffffffffff\r\nbody\r\n0\r\n\r\n"), false, false),
    ];
    for (number, (what, message, whole, next)) in cases.into_iter().enumerate() {
        let first = format!("POST /echo?{number} HTTP/1.1\r\nhost: {host}\r\n{message}");
        let answers = answers(&app, &first, &host, &format!("/echo?{number}-next")).await;
        let seen: Vec<_> =
            upstream.seen("/echo").into_iter().filter(|seen| seen.path.contains(&format!("?{number}"))).collect();
        let complete: Vec<_> =
            seen.iter().filter(|seen| seen.complete).map(|seen| (&*seen.method, &*seen.body)).collect();
        let expected: &[(&str, &[u8])] = match (whole, next) {
            (true, true) => &[("POST", b"body"), ("GET", b"")],
            (true, false) => &[("POST", b"body")],
            (false, _) => &[],
        };
        assert_eq!(complete, expected, "{what}: {answers}");
        for seen in seen {
            let framings = seen.header("content-length").len() + seen.header("transfer-encoding").len();
            assert!(framings == usize::from(seen.method == "POST"), "{what}: {}", seen.head);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusual_targets_arrive_as_they_were_sent() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    for target in
        ["//", "//echo", "/../echo", "/%2e%2e/echo", "/a//b", "/a;b", "/a%00", "/%ff", "/a?b?c=//d", "/b?{b}|c"]
    {
        let path = target.split('?').next().unwrap();
        upstream.answers(path, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let answers = answers(&app, "", &host, target).await;
        let seen = upstream.seen(path);
        assert!(seen.len() == 1 && seen[0].path == target, "{target}: {seen:?} {answers}");
    }
    // The same targets on the router's own host and on the attach listener harm nobody.
    for target in ["//", "/../", "//api//sessions", "/api/../api/me", "/s//", "/s/%2e%2e/x", "*"] {
        for address in [app.address, app.attach] {
            let mut client = Raw::connect(address).await;
            client.ask("GET", target, "localhost", &["connection: close"]).await;
            let answer = client.rest().await;
            assert!(statuses(&answer).len() == 1 && !answer.contains("HTTP/1.1 5"), "{target}: {answer}");
        }
    }
}
