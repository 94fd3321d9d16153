//! The accept loop.
//!
//! Settings: `MAX_CONNECTIONS` (default: 8192), `HEADER_TIMEOUT_SECONDS` (default: 60).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};

use super::Drain;
use super::connection_limits::{ConnectionLimits, Place};
use super::http_protocols::{self, Protocols};
use crate::answer::Body;
use crate::proxy::{TunnelGuard, asks_for_upgrade};

/// Pause after a failed accept, for example without free file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Limits of one listener.
#[derive(Clone, Copy, Debug)]
pub struct ListenerLimits {
    /// Connections in total. Further ones wait in the system's queue.
    pub connections: usize,
    /// Connections per peer. The listener closes further ones.
    pub per_peer: usize,
    /// Time limit for the head of a request.
    pub header_timeout: Duration,
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    protocols: Protocols,
    limits: Arc<ConnectionLimits>,
}

impl Listener {
    /// Binds `address`. `exempt` selects peers without a limit.
    pub async fn bind(
        address: SocketAddr,
        limits: ListenerLimits,
        exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            protocols: Protocols::new(limits.header_timeout),
            limits: ConnectionLimits::new(limits.connections, limits.per_peer, exempt),
        })
    }

    /// The bound address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until the drain begins.
    pub async fn run<S, F>(self, drain: Drain, serve: S)
    where
        S: Fn(IpAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        loop {
            let (stream, peer, place) = tokio::select! {
                accepted = self.accept() => accepted,
                () = drain.begun().cancelled() => return,
            };
            let Some(place) = place else {
                tracing::debug!(%peer, "closed a connection: the peer is at its limit");
                continue;
            };
            let serve = serve.clone();
            let place = Arc::new(place);
            let (held, drain_of_requests) = (place.clone(), drain.clone());
            let service = hyper::service::service_fn(move |mut request| {
                if asks_for_upgrade(&request) {
                    request.extensions_mut().insert(TunnelGuard(held.clone()));
                }
                let last = request.version() == Version::HTTP_11 && drain_of_requests.is_announced();
                let response = serve(peer, request);
                async move {
                    let mut response = response.await;
                    if last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok::<_, std::convert::Infallible>(response)
                }
            });
            let (protocols, drain_of_connection) = (self.protocols.clone(), drain.clone());
            drain.track(async move {
                http_protocols::serve(stream, &protocols, service, &drain_of_connection).await;
                drop(place);
            });
        }
    }

    /// Accepts the next connection and takes a slot. Without a slot, the peer is at its limit.
    async fn accept(&self) -> (TcpStream, IpAddr, Option<Place>) {
        let permit = self.limits.free().await;
        loop {
            match self.socket.accept().await {
                Ok((stream, address)) => {
                    let peer = address.ip().to_canonical();
                    let place = self.limits.enter(peer, permit);
                    return (stream, peer, place);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
