//! The body of a forwarded response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::headers::is_event_stream;
use crate::session::Lease;
use crate::upstream::Connection;

/// Passes a server's body through unchanged, without trailers. Holds the lease until the end, then returns the connection. If dropped
/// earlier, it closes the connection, so that the server notices the disconnect.
pub struct ProxyBody {
    incoming: Incoming,
    connection: Option<Connection>,
    lease: Lease,
    /// Set for event streams, which end cleanly when the run becomes quiet. For any other body, the end of the run is
    /// an error.
    quiet: Option<Cancelled>,
    /// Set if the caller's right can end. Then event streams end cleanly, and any other body with an error.
    right: Option<Cancelled>,
}

type Cancelled = Pin<Box<WaitForCancellationFutureOwned>>;

/// Why a body was cut.
#[derive(Debug, thiserror::Error)]
pub enum CutBody {
    /// The server's side broke, or the run is over.
    #[error(transparent)]
    Server(#[from] hyper::Error),
    /// The caller's right has ended.
    #[error("the caller's right has ended")]
    RightEnded,
}

impl ProxyBody {
    pub(super) fn new(response: Response<Incoming>, connection: Connection, lease: Lease) -> Response<Self> {
        let (head, incoming) = response.into_parts();
        let events = is_event_stream(&head.headers) && incoming.size_hint().exact().is_none();
        let quiet = events.then(|| Box::pin(lease.quiet().clone().cancelled_owned()));
        let right = lease.right().map(|right| Box::pin(right.clone().cancelled_owned()));
        let mut body = Self { incoming, connection: Some(connection), lease, quiet, right };
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
        poll(&mut self.quiet, cx)
    }

    /// The end of a body whose caller has no right any more.
    fn end_of_right(&mut self) -> Option<Result<Frame<Bytes>, CutBody>> {
        // Closes the server's side, so that nothing more is read.
        self.connection = None;
        self.quiet.is_none().then_some(Err(CutBody::RightEnded))
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = CutBody;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutBody>>> {
        let this = &mut *self;
        if poll(&mut this.right, cx).is_ready() {
            return Poll::Ready(this.end_of_right());
        }
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                if this.incoming.is_end_stream() {
                    this.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None | Some(Ok(_))) => {
                this.finish();
                Poll::Ready(None)
            }
            // The run closes its connections at the moment its event streams end.
            Poll::Ready(Some(Err(error))) => match this.poll_quiet(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => Poll::Ready(Some(Err(error.into()))),
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

fn poll(cancelled: &mut Option<Cancelled>, cx: &mut Context<'_>) -> Poll<()> {
    cancelled.as_mut().map_or(Poll::Pending, |cancelled| cancelled.as_mut().poll(cx))
}
