//! Short requests of the router's own to an opencode server, each on a connection of its own.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

use super::Server;

/// The most that an answer to the router may have, in bytes.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Why opencode did not give a useful answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection.
    #[error("opencode cannot be reached: {0}")]
    Unreachable(#[source] std::io::Error),
    /// The connection broke, or what came was no HTTP.
    #[error("opencode's answer broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// The answer was too large or broke off in its body.
    #[error("opencode's answer could not be read: {0}")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not in time.
    #[error("opencode did not answer {0} in time")]
    Silent(&'static str),
    /// Another status than asked for, or no JSON where JSON was promised: opencode answers unknown paths with HTML.
    #[error("opencode answered {path} with status {status} and type {content_type}")]
    Unexpected {
        /// The path that was asked for.
        path: String,
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
    },
}

/// A response whose connection lives as long as it does.
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

/// Sends one request and returns when the head of the response is there.
pub(super) async fn send(
    server: &Server,
    method: Method,
    path: &str,
    accept: &'static str,
    body: Option<&Value>,
) -> Result<Answer, CallError> {
    let stream = server.dial().await.map_err(CallError::Unreachable)?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // How it ends is seen by the one who reads the response.
        let _ = connection.await;
    }));
    let mut request = Request::new(Full::new(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default()));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, server.authorization().clone());
    headers.insert(ACCEPT, http::HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    if let Ok(host) = http::HeaderValue::try_from(server.address().to_string()) {
        headers.insert(HOST, host);
    }
    let response = sender.send_request(request).await?;
    Ok(Answer { response, _connection: connection })
}

/// Sends one request and reads its JSON answer, all within `limit`. No content is `null`.
pub(super) async fn json(
    server: &Server,
    method: Method,
    path: &str,
    body: Option<&Value>,
    limit: Duration,
) -> Result<Value, CallError> {
    let exchange = async {
        let answer = send(server, method, path, "application/json", body).await?;
        let status = answer.response.status();
        let content_type = content_type(&answer.response);
        let is_json = content_type.starts_with("application/json");
        if !status.is_success() || (!is_json && status != http::StatusCode::NO_CONTENT) {
            return Err(CallError::Unexpected { path: path.to_owned(), status: status.as_u16(), content_type });
        }
        let body = Limited::new(answer.response.into_body(), LARGEST_ANSWER).collect().await;
        let bytes = body.map_err(CallError::Body)?.to_bytes();
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| CallError::Body(error.into()))
    };
    tokio::time::timeout(limit, exchange).await.unwrap_or(Err(CallError::Silent("a request of the router")))
}

pub(super) fn content_type<B>(response: &Response<B>) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or("none").to_owned()
}
