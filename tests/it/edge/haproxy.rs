//! A real HAProxy that speaks HTTP/2 to the router.

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::http::Call;
use crate::support::reserved;
use crate::support::websocket::WebSocketServer;

/// HAProxy in front of this app. Ends with the value.
async fn haproxy(app: &TestApp) -> (Child, u16, TempDir) {
    let port = reserved::port();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n timeout tunnel 1h\n\
         frontend f\n bind 127.0.0.1:{port}\n default_backend b\n\
         backend b\n option httpchk GET /healthz\n server s {} proto h2 check\n",
        app.address,
    );
    let path = folder.path().join("haproxy.cfg");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new("haproxy");
    command.arg("-f").arg(path).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    (command.spawn().expect("HAProxy is installed: tests/tools/test"), port, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websocket_works_through_haproxy_over_http2() {
    let upstream = WebSocketServer::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let (_haproxy, port, _folder) = haproxy(&app).await;
    let address = ([127, 0, 0, 1], port).into();
    eventually("HAProxy serves", async || {
        let answer = Call::get(address, "/healthz").send().await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
    let request = format!("ws://{}/pty", app.session_host(&id)).into_client_request().unwrap();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut socket, answer) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    assert_eq!(answer.status(), 101);
    for text in ["hello", &"long ".repeat(20_000)] {
        socket.send(Message::text(text)).await.unwrap();
        let echo = in_time("the echo", socket.next()).await.unwrap().unwrap();
        assert_eq!(echo.into_text().unwrap(), text);
    }
    socket.close(None).await.unwrap();
    app.no_leases(&id).await;
}
