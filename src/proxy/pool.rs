//! Connections to one run of a server. The pool lives and dies with the run, so that no connection of one run can ever
//! serve another.

use std::io;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::session::Lease;

/// How many unused connections are kept.
const MOST_IDLE: usize = 64;
/// How long a connection may be unused and still be trusted. A request that meets the end of its connection cannot be
/// sent again; opencode 1.18 leaves a used connection open for more than 400 s, other servers for less.
const LONGEST_IDLE: Duration = Duration::from_secs(15);
/// A dial that fails is tried again; nothing was sent yet.
const DIALS: u32 = 3;
const DIAL_TIMEOUT: Duration = Duration::from_secs(3);
const DIAL_PAUSE: Duration = Duration::from_millis(20);

/// A connection on which requests can be sent, one after the other.
pub(super) type Connection = SendRequest<Incoming>;

/// The unused connections.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<(Connection, Instant)>>,
}

impl Pool {
    /// A connection that was used before and can be used again.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock();
        idle.retain(|(connection, since)| !connection.is_closed() && since.elapsed() < LONGEST_IDLE);
        // The last one is the warmest; one whose last exchange is not quite over waits for another time.
        let ready = idle.iter().rposition(|(connection, _)| connection.is_ready())?;
        Some(idle.swap_remove(ready).0)
    }

    /// Gives a connection back after an exchange.
    pub(super) fn put(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        if !connection.is_closed() && idle.len() < MOST_IDLE {
            idle.push((connection, Instant::now()));
        }
    }
}

/// Opens a connection. Its task ends with the connection, at `end` at the latest.
pub(super) async fn dial(lease: &Lease, tasks: &TaskTracker, end: &CancellationToken) -> io::Result<Connection> {
    let mut attempt = 1;
    let stream = loop {
        match tokio::time::timeout(DIAL_TIMEOUT, lease.dial()).await {
            Ok(Ok(stream)) => break stream,
            Err(_) if attempt == DIALS => return Err(io::ErrorKind::TimedOut.into()),
            Ok(Err(error)) if attempt == DIALS => return Err(error),
            _ => tokio::time::sleep(DIAL_PAUSE * attempt).await,
        }
        attempt += 1;
    };
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let end = end.clone();
    tasks.spawn(async move {
        tokio::select! {
            // How it ends is told to whoever waits for a response on it.
            _ = connection.with_upgrades() => {}
            () = end.cancelled() => {}
        }
    });
    Ok(sender)
}
