//! A plain HTTP client without added headers: one connection for each request, any `Host`.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::condition::in_time;

/// A request to an address.
#[derive(Clone, Debug)]
pub struct Call {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// A response that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A response whose body is still coming.
pub struct Open {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Incoming,
    _connection: AbortOnDropHandle<()>,
}

impl Call {
    pub fn new(address: SocketAddr, method: Method, path: &str) -> Self {
        Self { address, method, path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    pub fn get(address: SocketAddr, path: &str) -> Self {
        Self::new(address, Method::GET, path)
    }

    pub fn post(address: SocketAddr, path: &str) -> Self {
        Self::new(address, Method::POST, path)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn host(self, host: &str) -> Self {
        self.header("host", host)
    }

    /// Adds a browser's headers for a navigation.
    pub fn navigation(self) -> Self {
        self.header("accept", "text/html").header("sec-fetch-mode", "navigate").header("sec-fetch-site", "none")
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self.header("content-type", "application/json")
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = Bytes::from(body.to_owned());
        self
    }

    /// Sends it and returns with the head of the response.
    pub async fn open(self) -> std::io::Result<Open> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = connection.await;
        }));
        let mut request = Request::builder().method(self.method).uri(self.path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", format!("localhost:{}", self.address.port()));
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let response = sender.send_request(request).await.map_err(std::io::Error::other)?;
        let (head, body) = response.into_parts();
        Ok(Open { status: head.status, headers: head.headers, body, _connection: connection })
    }

    /// Sends it and reads the whole response.
    pub async fn send(self) -> std::io::Result<Answer> {
        let what = format!("{} {} is answered", self.method, self.path);
        in_time(&what, async {
            let open = self.open().await?;
            let body = open.body.collect().await.map_err(std::io::Error::other)?.to_bytes();
            Ok(Answer { status: open.status, headers: open.headers, body })
        })
        .await
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.trim_start_matches("/problems/").to_owned()
    }
}

impl Open {
    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            let frame = self.body.frame().await?;
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads until the text so far contains `part`, and returns it.
    pub async fn read_until(&mut self, part: &str) -> String {
        let mut text = String::new();
        while !text.contains(part) {
            match in_time(part, self.chunk()).await {
                Some(Ok(data)) => text.push_str(&String::from_utf8_lossy(&data)),
                end => panic!("the body ended ({end:?}) before {part:?}: {text}"),
            }
        }
        text
    }
}
