//! One connection to an upstream.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::RequestBody;

/// A connection for consecutive requests. It closes when it is dropped, when its run is over, or when it was unused for
/// too long.
pub struct Connection {
    sender: SendRequest<RequestBody>,
    /// The server speaks HTTP/1.0. Another request would be sent in that version, without its chunked body.
    is_old: bool,
    idle: Arc<IdleClock>,
    _closer: AbortOnDropHandle<()>,
}

impl Connection {
    /// Speaks HTTP/1.1 on `stream` until `over`, or until it was unused for `longest_idle`.
    pub(super) async fn begin(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        over: CancellationToken,
        longest_idle: Duration,
    ) -> io::Result<Self> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let idle = Arc::new(IdleClock::default());
        let clock = idle.clone();
        let driver = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        }));
        // A task of its own: the driver runs for every read and write, and would poll these two each time.
        let closer = AbortOnDropHandle::new(tokio::spawn(async move {
            let _driver = driver;
            tokio::select! {
                () = over.cancelled() => {}
                () = clock.run_down(longest_idle) => {}
            }
        }));
        Ok(Self { sender, is_old: false, idle, _closer: closer })
    }

    /// Sends one request. The error contains the request if no byte of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.idle.stop();
        let response = self.sender.try_send_request(request).await?;
        self.is_old = response.version() == Version::HTTP_10;
        Ok(response)
    }

    /// Marks the connection as unused.
    pub(super) fn rest(&self) {
        self.idle.start();
    }

    /// Whether it takes no further request.
    pub(super) fn is_closed(&self) -> bool {
        self.is_old || self.sender.is_closed()
    }

    /// Whether its last exchange is complete on both sides.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }
}

/// Measures a connection's idle time.
struct IdleClock {
    begun: Instant,
    /// Milliseconds after `begun`; 0 while it is used.
    since: AtomicU64,
}

impl Default for IdleClock {
    fn default() -> Self {
        Self { begun: Instant::now(), since: AtomicU64::new(0) }
    }
}

impl IdleClock {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    fn start(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
    }

    fn stop(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// Waits until the connection was unused for `longest`. One timer per connection, which is reset only when it
    /// fires.
    async fn run_down(&self, longest: Duration) {
        loop {
            let unused = match self.since.load(Ordering::Relaxed) {
                0 => Duration::ZERO,
                since => Duration::from_millis(self.now().saturating_sub(since)),
            };
            let Some(left) = longest.checked_sub(unused).filter(|left| !left.is_zero()) else { return };
            tokio::time::sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::task::JoinSet;

    use super::super::idle_connections::IdleConnections;
    use super::*;

    /// Answers one request; returns when the connection is closed.
    async fn server(mut stream: DuplexStream) {
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        while stream.read(&mut buffer).await.unwrap() > 0 {}
    }

    const SHORT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn all_connections_of_a_burst_close_when_they_were_unused_for_their_time() {
        let idle = IdleConnections::default();
        let mut servers = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..40 {
            let (near, far) = tokio::io::duplex(1024);
            servers.spawn(server(far));
            let mut connection = Connection::begin(near, CancellationToken::new(), SHORT).await.unwrap();
            assert!(connection.send(Request::new(RequestBody::from(Bytes::new()))).await.is_ok());
            idle.keep(connection);
        }
        // Only their timers end them.
        let closed = async { while servers.join_next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(60), closed).await.expect("all close");
        assert!(begun.elapsed() >= SHORT);
        assert!(idle.take().is_none());
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_an_answer_is_not_unused() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut connection = Connection::begin(near, CancellationToken::new(), SHORT).await.unwrap();
        let answer = async {
            assert!(far.read(&mut [0; 1024]).await.unwrap() > 0);
            tokio::time::sleep(SHORT * 5).await;
            far.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        };
        let request = Request::new(RequestBody::from(Bytes::new()));
        let (response, ()) = tokio::join!(connection.send(request), answer);
        assert!(response.is_ok_and(|response| response.status() == 200));
    }
}
