//! Errors for callers: problem details (RFC 9457).

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::{ToResponse, ToSchema};

use crate::lifecycle::Denied;
use crate::session::Failure;

/// An error, written for the caller. Internal causes go to the log only.
#[derive(Clone, Debug, Serialize, ToResponse, ToSchema)]
#[response(description = "What went wrong", content_type = "application/problem+json")]
pub struct Problem {
    /// The kind of problem, as a path below `/problems/`. Stable.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// One sentence: what happened and what to do.
    pub detail: String,
    /// The same sentence, in the field that opencode's command-line clients read.
    pub message: String,
    /// Why the session failed, as in its phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<crate::session::Reason>,
    /// The last lines of a failed session's log.
    #[serde(rename = "logTail", skip_serializing_if = "Vec::is_empty")]
    pub log_tail: Vec<String>,
    #[serde(skip)]
    headers: HeaderMap,
}

impl Problem {
    /// A problem of kind `slug`.
    pub fn new(status: StatusCode, slug: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind: format!("/problems/{slug}").into(),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            message: detail.clone(),
            detail,
            reason: None,
            log_tail: Vec::new(),
            headers: HeaderMap::new(),
        }
    }

    /// The session does not exist, or belongs to another user.
    pub fn no_session() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "session-not-found",
            "There is no such session. Your sessions are listed on the router's page.",
        )
    }

    /// The caller does not get the session.
    pub fn denied(why: Denied) -> Self {
        match why {
            Denied::Unknown => Self::no_session(),
            Denied::Forbidden => Self::not_allowed(),
        }
    }

    /// The caller's rights do not include this action.
    pub fn not_allowed() -> Self {
        let detail =
            "Your access does not include this. Ask the session's owner, or use the router's page as its owner.";
        Self::new(StatusCode::FORBIDDEN, "not-allowed", detail)
    }

    /// The session is stopped, and this request does not wake it.
    pub fn stopped() -> Self {
        let detail = "This session is stopped. Open its page, or start it, to go on; its files are kept.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "session-stopped", detail).retry_after(Duration::from_secs(30))
    }

    /// The session could not be started.
    pub fn failed(failure: &Failure) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "session-failed", failure.message.clone());
        problem.reason = Some(failure.reason);
        problem.log_tail.clone_from(&failure.log_tail);
        problem.retry_after(Duration::from_secs(30))
    }

    /// The caller may try again after `pause`, in whole seconds.
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.headers.insert(RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        self
    }

    /// The connection ends with this answer, in HTTP/1 (RFC 9112, section 9.6). So a caller beyond its share does not
    /// keep one of the connections that all callers share.
    pub fn closing(mut self) -> Self {
        self.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        self
    }

    /// The caller must authenticate with this scheme.
    pub fn authenticate(mut self, scheme: &'static str) -> Self {
        self.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        self
    }

    /// These methods are allowed.
    pub fn allow(mut self, methods: HeaderValue) -> Self {
        self.headers.insert(ALLOW, methods);
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The headers, for any form of the body.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = self.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (self.status(), headers, body).into_response()
    }
}
