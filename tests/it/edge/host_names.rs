use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

const NO_SESSION: &str = "0123456789abcdef0123";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_host_is_misdirected() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let names = [
        "evil.example".to_owned(),
        format!("{id}.localhost"),
        format!("{id}-oc.evil.example"),
        format!("x{id}-oc.localhost"),
        format!("a.{id}-oc.localhost"),
        format!("80-{id}-oc.localhost"),
        format!("attach-{id}-oc.localhost"),
    ];
    for name in &names {
        for method in ["GET", "POST"] {
            let answer = Call::new(app.address, method.parse().unwrap(), "/echo").host(name).send().await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.problem()), (421, "unknown-host".to_owned()), "{name}");
        }
    }
    let main_name = Call::get(app.attach, "/echo").host(&app.session_host(&id)).send().await.unwrap();
    assert_eq!(main_name.status, 421, "a session's page is not on the attach listener");
    for header in ["x-forwarded-host", "x-original-host", "forwarded"] {
        let call = app.api("GET", "/echo").header(header, &app.session_host(&id));
        assert_eq!(call.send().await.unwrap().status, 404, "{header} does not route");
    }
    let known = format!("{}-oc.LocalHost.:{}", id, app.address.port());
    assert_eq!(app.session(&id, "GET", "/echo").send().await.unwrap().status, 200);
    assert_eq!(Call::get(app.address, "/echo").host(&known).send().await.unwrap().status, 200);
    assert_eq!(upstream.seen("/echo").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_host_is_required() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let host = app.session_host(&id);
    let heads = [
        "GET /echo HTTP/1.1\r\n".to_owned(),
        "GET /echo HTTP/1.1\r\nhost:\r\n".to_owned(),
        format!("GET /echo HTTP/1.1\r\nhost: {host}\r\nhost: {host}\r\n"),
        format!("GET /echo HTTP/1.1\r\nhost: {host}, {host}\r\n"),
        format!("GET /echo HTTP/1.1\r\nhost: {host}@localhost\r\n"),
        format!("GET /echo HTTP/1.1\r\nhost: {}\r\n", host.replacen('-', "%2d", 1)),
        format!("GET http://localhost/echo HTTP/1.1\r\nhost: {host}\r\n"),
    ];
    for head in heads {
        let mut client = Raw::connect(app.address).await;
        client.send(&format!("{head}connection: close\r\n\r\n")).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
    }
    let mut client = Raw::connect(app.address).await;
    client.send(&format!("GET http://{host}/echo HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
    assert!(client.rest().await.contains("GET /echo HTTP/1.1"), "an absolute target that agrees is a path");
    assert_eq!(upstream.seen("/echo").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn port_host_answers_like_no_session() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let ask = async |host: String| Call::get(app.address, "/echo").host(&host).send().await.unwrap();
    let port = ask(format!("3000-{id}-oc.localhost")).await;
    let none = ask(format!("{NO_SESSION}-oc.localhost")).await;
    assert_eq!((port.status.as_u16(), port.problem()), (404, "session-not-found".to_owned()));
    assert_eq!((port.status, port.body), (none.status, none.body));
    assert!(upstream.seen("/echo").is_empty());
}
