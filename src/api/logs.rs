//! The log of a session.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::OnSession;
use super::json::Query;
use crate::answer::Problem;
use crate::lifecycle::runtime_port::LogRange;
use crate::lifecycle::{LogError, MOST_LOG_READERS};
use crate::session::Session;

const DEFAULT_TAIL: usize = 200;
const LONGEST_TAIL: usize = 10_000;
/// The suggested pause after a refusal.
const PAUSE: Duration = Duration::from_secs(5);

/// The requested part of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    /// Number of last lines. Default: 200. At most 10,000, and at most 256 KiB.
    tail: Option<usize>,
    /// Whether to follow the log.
    #[serde(default)]
    follow: bool,
}

/// Output of Git and opencode. Lines longer than 8 KiB are split.
#[utoipa::path(
    get, path = "/api/sessions/{id}/logs", params(("id" = String, Path), LogQuery), tag = "sessions",
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, response = Problem),
        (status = 429, response = Problem), (status = 503, response = Problem))
)]
pub(super) async fn logs(
    OnSession { api, session, .. }: OnSession,
    Query(query): Query<LogQuery>,
) -> Result<Response, Problem> {
    let range = LogRange { tail: query.tail.unwrap_or(DEFAULT_TAIL).min(LONGEST_TAIL), follow: query.follow };
    let log = api.lifecycle.read_log(&session, range).await.map_err(|error| problem(&session, &error))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok((headers, Body::from_stream(log)).into_response())
}

fn problem(session: &Session, error: &LogError) -> Problem {
    match error {
        LogError::BusyOwner => {
            let detail = format!("{MOST_LOG_READERS} logs of your sessions are open. Close one, then try again.");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-log-readers", detail).retry_after(PAUSE)
        }
        LogError::Busy => {
            let detail = "Too many logs are open on this router. Try again in a moment.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-log-readers", detail).retry_after(PAUSE)
        }
        LogError::Runtime(error) => {
            tracing::error!(session = %session.id(), %error, "cannot read the session's log");
            let detail = "The log could not be read. Try again; the router's log has the cause.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "log-unreadable", detail)
        }
    }
}
