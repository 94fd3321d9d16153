//! The accept loop.
//!
//! Setting: `HEADER_TIMEOUT_SECONDS` (default: 120).

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};

use super::Drain;
use super::connect_method;
use super::connection_limits::{ConnectionLimits, Crowded, Place, RESERVE_TIMEOUT};
use super::http_protocols::{self, Protocols};
use crate::answer::{Body, page};
use crate::api;
use crate::auth::SharedPeers;
use crate::proxy::{TunnelGuard, asks_for_upgrade};

/// Pause after a failed accept, for example without free file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Limits of one listener.
#[derive(Clone, Debug)]
pub struct ListenerLimits {
    /// Connections in total.
    pub connections: usize,
    /// Connections per peer.
    pub per_peer: usize,
    /// Peers without a limit of their own.
    pub shared_peers: SharedPeers,
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
    /// Binds `address`.
    pub async fn bind(address: SocketAddr, limits: ListenerLimits) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            protocols: Protocols::new(limits.header_timeout),
            limits: ConnectionLimits::new(limits.connections, limits.per_peer, limits.shared_peers),
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
            let (stream, peer) = tokio::select! {
                accepted = self.accept() => accepted,
                () = drain.begun().cancelled() => return,
            };
            let Some(place) = self.limits.enter(peer) else {
                tracing::debug!(%peer, "closed a connection: the reserve is in use");
                continue;
            };
            let crowded = place.crowded;
            let place = Arc::new(place);
            let service = service(serve.clone(), peer, place.clone(), drain.clone());
            let (protocols, drain_of_connection) = (self.protocols.clone(), drain.clone());
            drain.track(async move {
                let served = http_protocols::serve(stream, &protocols, service, &drain_of_connection);
                match crowded {
                    None => served.await,
                    Some(_) => drop(tokio::time::timeout(RESERVE_TIMEOUT, served).await),
                }
                drop(place);
            });
        }
    }

    async fn accept(&self) -> (TcpStream, IpAddr) {
        loop {
            match self.socket.accept().await {
                Ok((stream, address)) => return (stream, address.ip().to_canonical()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// The service of one connection. Its future is boxed: hyper keeps the room for one as long as the connection lasts, and
/// most connections are idle or have an open stream, whose future is over.
fn service<S, F>(
    serve: S,
    peer: IpAddr,
    place: Arc<Place>,
    drain: Drain,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future = BoxFuture<'static, Result<Response<Body>, Infallible>>,
> + Send
+ 'static
where
    S: Fn(IpAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    hyper::service::service_fn(move |request| {
        let last = request.version() <= Version::HTTP_11 && (drain.is_announced() || place.crowded.is_some());
        let (serve, place) = (serve.clone(), place.clone());
        Box::pin(async move {
            let mut response = answer(serve, peer, place, request).await;
            if last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }) as BoxFuture<'static, _>
    })
}

async fn answer<S, F>(serve: S, peer: IpAddr, place: Arc<Place>, mut request: Request<Incoming>) -> Response<Body>
where
    S: Fn(IpAddr, Request<Incoming>) -> F,
    F: Future<Output = Response<Body>>,
{
    if let Some(problem) = place.crowded.filter(|_| !api::is_probe(request.uri().path())).map(Crowded::problem) {
        return page::problem(problem);
    }
    let websocket_over_http2 = match connect_method::translate(&mut request) {
        Ok(translated) => translated,
        Err(problem) => return page::problem(problem),
    };
    if asks_for_upgrade(&request) {
        request.extensions_mut().insert(TunnelGuard::of(place));
    }
    let response = serve(peer, request).await;
    if websocket_over_http2 { connect_method::answer(response) } else { response }
}
