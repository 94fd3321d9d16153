//! The body of a forwarded response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::session::Lease;
use crate::upstream::Connection;

/// Passes a server's body through unchanged. Holds the lease until the end, then returns the connection. If dropped
/// earlier, it closes the connection, so that the server notices the disconnect.
pub struct ProxyBody {
    incoming: Incoming,
    connection: Option<Connection>,
    lease: Lease,
    /// Set for event streams, which end cleanly when the run becomes quiet. For any other body, the end of the run is
    /// an error.
    quiet: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl ProxyBody {
    pub(super) fn new(response: Response<Incoming>, connection: Connection, lease: Lease) -> Response<Self> {
        let (head, incoming) = response.into_parts();
        let kind = head.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let events = kind.starts_with(b"text/event-stream") && incoming.size_hint().exact().is_none();
        let quiet = events.then(|| Box::pin(lease.quiet().clone().cancelled_owned()));
        let mut body = Self { incoming, connection: Some(connection), lease, quiet };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        Response::from_parts(head, body)
    }

    fn finish(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.lease.upstream().give_back(connection);
        }
    }

    /// Whether this is an event stream that must end now.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.quiet.as_mut().map_or(Poll::Pending, |quiet| quiet.as_mut().poll(cx))
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if this.incoming.is_end_stream() {
                    this.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            // The run closes its connections at the moment its event streams end.
            Poll::Ready(Some(Err(error))) => match this.poll_quiet(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => Poll::Ready(Some(Err(error))),
            },
            Poll::Pending => this.poll_quiet(cx).map(|()| None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
