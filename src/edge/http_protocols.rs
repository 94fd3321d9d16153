//! One connection of a client: HTTP/1.1, or HTTP/2 with prior knowledge.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::Drain;
use super::started_stream::StartedStream;
use crate::answer::Body;
use crate::upstream::notice_lost_peers;

/// Limit for the head of a request, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;
/// Concurrent streams per HTTP/2 connection.
const MOST_STREAMS: u32 = 128;
/// Receive window of one HTTP/2 stream, in bytes: the part of an upload that the router takes before its server reads.
/// HTTP/2's default. HTTP/2 without TLS comes from a proxy nearby, where a larger one would only cost memory.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Receive window of an HTTP/2 connection, in bytes. It holds the windows of all streams, so a stream whose body nobody
/// reads does not block the others (RFC 9113, section 5.2).
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MOST_STREAMS;
/// Send buffer of one HTTP/2 stream, in bytes: the part of a response that waits for a slow reader.
const SEND_BUFFER: usize = 64 * 1024;
/// Ping interval for silent HTTP/2 clients.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Settings of both protocols.
#[derive(Clone)]
pub(super) struct Protocols {
    header_timeout: Duration,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Protocols {
    pub(super) fn new(header_timeout: Duration) -> Self {
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(LARGEST_HEAD);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).keep_alive_interval(KEEP_ALIVE).max_concurrent_streams(MOST_STREAMS);
        http2.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW);
        http2.max_send_buf_size(SEND_BUFFER).enable_connect_protocol();
        let largest = u32::try_from(LARGEST_HEAD).unwrap_or(u32::MAX);
        http2.max_header_list_size(largest);
        Self { header_timeout, http1, http2 }
    }
}

/// Serves a connection until it ends or the drain ends it.
pub(super) async fn serve<S>(stream: TcpStream, protocols: &Protocols, service: S, drain: &Drain)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let _ = notice_lost_peers(&stream);
    let started = tokio::select! {
        started = tokio::time::timeout(protocols.header_timeout, StartedStream::begin(stream)) => started,
        () = drain.begun().cancelled() => return,
    };
    let Ok(Ok(started)) = started else { return };
    let speaks_http2 = started.speaks_http2();
    let io = TokioIo::new(started);
    if speaks_http2 {
        to_the_end(protocols.http2.serve_connection(io, service), |it| it.graceful_shutdown(), drain).await;
    } else {
        let connection = protocols.http1.serve_connection(io, service).with_upgrades();
        to_the_end(connection, |it| it.graceful_shutdown(), drain).await;
    }
}

async fn to_the_end<C>(connection: C, finish: fn(Pin<&mut C>), drain: &Drain)
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = drain.begun().cancelled() => {
            finish(connection.as_mut());
            tokio::select! {
                result = &mut connection => result,
                () = drain.ended().cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "client connection ended");
    }
}
