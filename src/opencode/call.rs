//! The router's own short requests to an opencode server.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::Server;
use crate::upstream::{Connection, ExchangeError, RequestBody};

/// A body of more bytes is large.
const LARGE: usize = 64 * 1024;
/// Places for large bodies: of all sessions together.
static LARGE_ANSWERS: Semaphore = Semaphore::const_new(8);

/// Why a request got no usable response.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection, or not HTTP.
    #[error("opencode cannot be asked: {0}")]
    Unanswered(#[from] ExchangeError),
    /// The connection broke.
    #[error("opencode's answer broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// The body was too large or incomplete.
    #[error("opencode's answer could not be read: {0}")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not the expected JSON.
    #[error("opencode's answer is not what was asked for: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// The time limit passed.
    #[error("opencode did not answer {0} in time")]
    Silent(&'static str),
    /// An unexpected status, or not JSON. opencode answers unknown paths with HTML.
    #[error("opencode answered {path} with status {status} and type {content_type}")]
    Unexpected {
        /// The requested path.
        path: String,
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
    },
}

impl CallError {
    /// Whether a retry of the same request must fail: a client error (RFC 9110, 15.5) with a permanent cause. 404 is
    /// not one: another client may have deleted the conversation.
    pub fn is_rejection(&self) -> bool {
        match self {
            Self::Unexpected { status, .. } => {
                (400..500).contains(status) && ![404, 408, 409, 425, 429].contains(status)
            }
            _ => false,
        }
    }
}

/// A response and its connection.
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    connection: Connection,
}

/// Sends one request and returns at the head of the response.
pub(super) async fn send(
    server: &Server,
    method: Method,
    path: &str,
    accept: &'static str,
    body: Option<&Value>,
) -> Result<Answer, CallError> {
    let upstream = server.upstream();
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let mut request = Request::new(RequestBody::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.extend(upstream.authorization().map(|value| (AUTHORIZATION, value.clone())));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.extend(HeaderValue::try_from(upstream.address().to_string()).ok().map(|host| (HOST, host)));
    let (connection, response) = upstream.exchange(request).await?;
    Ok(Answer { response, connection })
}

/// One request of the router, with the limits of its response.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    /// Size limit for the response, in bytes.
    pub(super) largest: usize,
    /// Time limit for the whole exchange.
    pub(super) within: Duration,
}

/// Sends one request and parses its JSON response.
pub(super) async fn json<T: DeserializeOwned>(server: &Server, ask: Ask<'_>) -> Result<T, CallError> {
    let body = bytes(server, ask).await?;
    serde_json::from_slice(&body).map_err(CallError::Unreadable)
}

/// Sends one request and reads its response: JSON, or nothing with status 204.
pub(super) async fn bytes(server: &Server, ask: Ask<'_>) -> Result<Bytes, CallError> {
    let exchange = async {
        let answer = send(server, ask.method, ask.path, "application/json", ask.body).await?;
        let status = answer.response.status();
        let content_type = content_type(&answer.response);
        let is_json = content_type.starts_with("application/json");
        if !status.is_success() || (!is_json && status != http::StatusCode::NO_CONTENT) {
            return Err(CallError::Unexpected { path: ask.path.to_owned(), status: status.as_u16(), content_type });
        }
        let bytes = read_body(answer.response.into_body(), ask.largest).await?;
        server.upstream().give_back(answer.connection);
        Ok(bytes)
    };
    tokio::time::timeout(ask.within, exchange).await.unwrap_or(Err(CallError::Silent("a request of the router")))
}

/// Reads a whole body. A large one waits for one of a few places, so that many sessions together cost little memory.
async fn read_body(body: Incoming, largest: usize) -> Result<Bytes, CallError> {
    let mut body = Limited::new(body, largest);
    let mut bytes = BytesMut::new();
    let mut place = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(CallError::Body)?.into_data() else { continue };
        if place.is_none() && bytes.len() + data.len() > LARGE {
            place = LARGE_ANSWERS.acquire().await.ok();
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

pub(super) fn content_type<B>(response: &Response<B>) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or("none").to_owned()
}
