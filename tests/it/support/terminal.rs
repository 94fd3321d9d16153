//! A terminal of a session, as the web page opens it.

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::condition::in_time;
use super::router::{Router, id_of};

/// A terminal that is open.
pub struct Terminal {
    socket: WebSocketStream<TcpStream>,
    pty: String,
}

impl Terminal {
    /// Opens one in a session.
    pub async fn open(router: &Router, id: &str) -> Self {
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
        Self { socket, pty }
    }

    /// Closes it, as the web page does.
    pub async fn close(self, router: &Router, id: &str) {
        let origin = format!("http://{}", router.session_host(id));
        let call = router.session(id, "DELETE", &format!("/pty/{}", self.pty)).header("origin", &origin);
        let answer = call.send().await.unwrap();
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    /// Types a line.
    pub async fn type_line(&mut self, line: &str) {
        self.socket.send(Message::text(format!("{line}\n"))).await.unwrap();
    }

    /// Reads until the text so far contains `part`, and returns it.
    pub async fn read_until(&mut self, part: &str) -> String {
        let mut text = String::new();
        while !text.contains(part) {
            match in_time(part, self.socket.next()).await {
                Some(Ok(Message::Text(more))) => text.push_str(&more),
                Some(Ok(_)) => {}
                end => panic!("the terminal ended ({end:?}) before {part:?}: {text}"),
            }
        }
        text
    }

    /// Reads until the terminal is closed.
    pub async fn ends(&mut self) {
        in_time("the terminal is closed", async { while let Some(Ok(_)) = self.socket.next().await {} }).await;
    }
}
