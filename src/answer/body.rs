//! The body of every response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::proxy::ProxyBody;

/// A forwarded body, unchanged, or one of the router's own.
#[allow(clippy::large_enum_variant, reason = "a box would cost every forwarded response an allocation")]
pub enum Body {
    /// From a session's server.
    Forwarded(ProxyBody),
    /// From the router.
    Own(axum::body::Body),
}

impl Body {
    /// A text of the router's own.
    pub fn text(text: String) -> Self {
        Self::Own(axum::body::Body::from(text))
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
            Self::Own(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Forwarded(body) => body.is_end_stream(),
            Self::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Forwarded(body) => body.size_hint(),
            Self::Own(body) => body.size_hint(),
        }
    }
}
