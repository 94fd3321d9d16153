//! A terminal of the web page, as the browser opens it: through the session's host, over a WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::support::condition::in_time;
use crate::support::program::Program;
use crate::support::router::{Router, id_of};

/// How long nothing is sent: longer than the session may be idle, so that what is typed after it has to count.
const SILENCE: Duration = Duration::from_secs(5);

struct Terminal(WebSocketStream<TcpStream>);

impl Terminal {
    async fn open(router: &Router, id: &str) -> Self {
        let origin = format!("http://{}", router.session_host(id));
        let call = |path: &str| router.session(id, "POST", path).header("origin", &origin);
        let pty = id_of(&call("/pty").json(&json!({})).send().await.unwrap().json());
        let token = call(&format!("/pty/{pty}/connect-token")).header("x-opencode-ticket", "1").json(&json!({}));
        let token = token.send().await.unwrap();
        let ticket = token.json()["ticket"].as_str().unwrap_or_else(|| panic!("{}", token.text())).to_owned();
        let url = format!("ws://{}/pty/{pty}/connect?cursor=0&ticket={ticket}", router.session_host(id));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", HeaderValue::try_from(origin).unwrap());
        let stream = TcpStream::connect(router.address).await.unwrap();
        let (socket, _) =
            in_time("the terminal opens", tokio_tungstenite::client_async(request, stream)).await.unwrap();
        Self(socket)
    }

    async fn type_line(&mut self, line: &str) {
        self.0.send(Message::text(format!("{line}\n"))).await.unwrap();
    }

    async fn read_until(&mut self, part: &str) -> String {
        let mut text = String::new();
        while !text.contains(part) {
            match in_time(part, self.0.next()).await {
                Some(Ok(Message::Text(more))) => text.push_str(&more),
                Some(Ok(_)) => {}
                end => panic!("the terminal ended ({end:?}) before {part:?}: {text}"),
            }
        }
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_answered_also_after_a_silence_and_counts_as_use() {
    let program = Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.2")]).await;
    a_terminal_of_the_page(&program).await;
}

/// The whole way, with a session that may be idle for a few seconds more than the silence.
pub async fn a_terminal_of_the_page(router: &Router) {
    let id = router.ready_project().await;
    let mut terminal = Terminal::open(router, &id).await;
    terminal.type_line("echo hello-$((40+2))").await;
    terminal.read_until("hello-42").await;
    let before = router.get(&id).await["lastActivityAt"].clone();

    tokio::time::sleep(SILENCE).await;
    terminal.type_line("echo again-$((40+3))").await;
    terminal.read_until("again-43").await;
    // Another replica hears of it a moment later.
    router.wait_until(&id, "typing is activity", |session| session["lastActivityAt"] != before).await;

    // A terminal in which nothing is typed does not keep the session, and is told of its end.
    in_time("the terminal is closed", async { while let Some(Ok(_)) = terminal.0.next().await {} }).await;
    router.wait_for_phase(&id, "stopped").await;
}
