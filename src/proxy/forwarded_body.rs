//! The body of a forwarded response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::pool::{Connection, Pool};
use crate::session::Lease;

/// Passes a server's body on as it comes, holds the lease until it ends, and gives the connection back then. Dropped
/// before its end, it closes the connection, so that the server learns that the client left.
pub struct ProxyBody {
    incoming: Incoming,
    connection: Option<Connection>,
    lease: Lease,
    /// Only for bodies of unknown length, which may last for ever: ends them when the run is over, and events when there are
    /// no more to be heard.
    gone: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl ProxyBody {
    pub(super) fn new(response: Response<Incoming>, connection: Connection, lease: Lease) -> Response<Self> {
        let (head, incoming) = response.into_parts();
        let endless = incoming.size_hint().exact().is_none();
        let kind = head.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let server = lease.server();
        let end = if kind.starts_with(b"text/event-stream") { server.silent() } else { server.gone() };
        let gone = endless.then(|| Box::pin(end.clone().cancelled_owned()));
        let mut body = Self { incoming, connection: Some(connection), lease, gone };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        Response::from_parts(head, body)
    }

    fn finish(&mut self) {
        let pool = self.lease.server().attachment(Pool::default);
        if let (Some(pool), Some(connection)) = (pool, self.connection.take()) {
            pool.put(connection);
        }
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
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
            Poll::Pending => match &mut this.gone {
                Some(gone) => gone.as_mut().poll(cx).map(|()| None),
                None => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
