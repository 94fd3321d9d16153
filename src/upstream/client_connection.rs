//! One connection to an upstream.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::RequestBody;

/// How long a connection may be unused. A request that meets the end of its connection cannot be sent again; opencode
/// 1.18 leaves a used connection open for more than 400 s, other servers for less.
pub(super) const LONGEST_IDLE: Duration = Duration::from_secs(15);

/// A connection on which requests are sent, one after the other. It closes when it is dropped, when its run is over,
/// and when it was unused for 15 s.
pub struct Connection {
    sender: SendRequest<RequestBody>,
    idle: Arc<IdleClock>,
    _task: AbortOnDropHandle<()>,
}

impl Connection {
    /// Speaks HTTP/1.1 on `stream` until `over`.
    pub(super) async fn begin(stream: TcpStream, over: CancellationToken) -> io::Result<Self> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let idle = Arc::new(IdleClock::default());
        let clock = idle.clone();
        let task = AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::select! {
                // Whoever waits for a response on it learns how it ended.
                _ = connection.with_upgrades() => {}
                () = over.cancelled() => {}
                () = clock.run_down(LONGEST_IDLE) => {}
            }
        }));
        Ok(Self { sender, idle, _task: task })
    }

    /// Sends one request. The error holds the request again if no byte of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.idle.stop();
        self.sender.try_send_request(request).await
    }

    /// From now on it is unused.
    pub(super) fn rest(&self) {
        self.idle.start();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether its last exchange is over on both sides.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }
}

/// Since when a connection is unused.
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

    /// Waits until the connection was unused for `longest`. One timer a connection, set anew only when it ran down.
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
