//! The body of every response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::proxy::ProxyBody;
use crate::session::owner::Share;

/// A forwarded body, unchanged, or one of the router's own.
#[allow(clippy::large_enum_variant, reason = "a box would cost every forwarded response an allocation")]
pub enum Body {
    /// From a session's server.
    Forwarded(ProxyBody),
    /// From the router.
    Own(axum::body::Body),
    /// From the router, and counted as an open request of a user until its end.
    Counted(axum::body::Body, Share),
}

impl Body {
    /// A text of the router's own.
    pub fn text(text: String) -> Self {
        Self::Own(axum::body::Body::from(text))
    }

    /// The same body. A body of the router counts as this open request until its end.
    pub fn counted_as(self, open: Share) -> Self {
        match self {
            Self::Own(body) => Self::Counted(body, open),
            other => other,
        }
    }

    /// No body.
    pub fn empty() -> Self {
        Self::Own(axum::body::Body::empty())
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Forwarded(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Own(body) | Self::Counted(body, _) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Forwarded(body) => body.is_end_stream(),
            Self::Own(body) | Self::Counted(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Forwarded(body) => body.size_hint(),
            Self::Own(body) | Self::Counted(body, _) => body.size_hint(),
        }
    }
}
