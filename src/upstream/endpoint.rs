//! One server of a run: its address, its credentials, its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::idle_connections::IdleConnections;
use super::{Connection, HeadLimit, notice_lost_peers};

/// Checks whether an upstream's address is still its own.
pub type Gate = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// A server of a run: opencode, or a port that a program in the session listens on.
pub struct Upstream {
    address: SocketAddr,
    authorization: Option<HeaderValue>,
    head_limit: HeadLimit,
    gate: Option<Gate>,
    over: CancellationToken,
    idle: IdleConnections,
    /// Receives the other ends of its connections, in tests without sockets.
    #[cfg(test)]
    pub(super) memory: Option<tokio::sync::mpsc::Sender<tokio::io::DuplexStream>>,
}

impl Upstream {
    /// A server at `address` until `over`. `authorization` is its header value, if it needs credentials. `gate` runs
    /// before each dial if the address may pass to another server.
    pub fn new(
        address: SocketAddr,
        authorization: Option<HeaderValue>,
        gate: Option<Gate>,
        over: CancellationToken,
    ) -> Self {
        let authorization = authorization.map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self {
            address,
            authorization,
            head_limit: HeadLimit::NONE,
            gate,
            over,
            idle: IdleConnections::default(),
            #[cfg(test)]
            memory: None,
        }
    }

    /// The same server, which takes no larger heads of requests.
    pub fn with_head_limit(self, head_limit: HeadLimit) -> Self {
        Self { head_limit, ..self }
    }

    /// The same server, reached without a socket.
    #[cfg(test)]
    pub(crate) fn in_memory(self, ends: tokio::sync::mpsc::Sender<tokio::io::DuplexStream>) -> Self {
        Self { memory: Some(ends), ..self }
    }

    /// Another port of the same host and run, without credentials.
    pub fn on_port(&self, port: u16) -> Self {
        let other = Self::new(SocketAddr::new(self.address.ip(), port), None, self.gate.clone(), self.over.clone());
        #[cfg(test)]
        let other = Self { memory: self.memory.clone(), ..other };
        other
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its `Authorization` value, if any.
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// The largest head of a request that it takes.
    pub fn head_limit(&self) -> HeadLimit {
        self.head_limit
    }

    /// Cancelled when its run is over. Its connections close then.
    pub fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Opens a TCP connection, unless the run is known to be over. Sends nothing.
    pub async fn dial(&self) -> io::Result<TcpStream> {
        let over = || io::Error::new(io::ErrorKind::ConnectionAborted, "the server is gone, or may be");
        if let Some(gate) = &self.gate
            && !gate().await
        {
            return Err(over());
        }
        let stream = TcpStream::connect(self.address).await?;
        if self.over.is_cancelled() {
            return Err(over());
        }
        stream.set_nodelay(true)?;
        notice_lost_peers(&stream)?;
        Ok(stream)
    }

    /// A reusable connection, if any.
    pub(super) fn used_connection(&self) -> Option<Connection> {
        self.idle.take()
    }

    /// Keeps a connection for the next exchange.
    pub fn give_back(&self, connection: Connection) {
        self.idle.keep(connection);
        // The run may have ended meanwhile.
        if self.over.is_cancelled() {
            self.idle.close();
        }
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("address", &self.address).finish_non_exhaustive()
    }
}
