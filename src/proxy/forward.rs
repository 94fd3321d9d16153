//! Forwards one request to the session's server, and returns its response.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::forwarded_body::ProxyBody;
use super::framing::{frame, has_known_coding};
use super::head_size::{self, HeadTooLarge};
use super::headers::{Additions, prepare_request, prepare_response};
use super::private_names::PrivateNames;
use super::tunnel;
use super::upgrade::{self, asks_for_upgrade, is_websocket};
use crate::session::Lease;
use crate::upstream::{Connection, ExchangeError, RequestBody};

/// Settings of the proxy.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// `http` or `https`: the protocol between clients and the front door.
    pub proto: HeaderValue,
    /// Cookies and headers that sessions must not see.
    pub private: PrivateNames,
}

/// A value of the request that must live as long as its tunnel: the slot of the client connection. Only an upgrade
/// needs one.
#[derive(Clone)]
pub struct TunnelGuard {
    _kept: Arc<dyn Any + Send + Sync>,
}

impl TunnelGuard {
    /// Keeps this value.
    pub fn of(value: Arc<dyn Any + Send + Sync>) -> Self {
        Self { _kept: value }
    }
}

/// Why there is no response to forward. The request was sent at most once.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// No response. The cause decides whether a retry is safe.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The server switched protocols without a request, or to another protocol.
    #[error("the session's server switched protocols unasked")]
    UnaskedUpgrade,
    /// The body has a transfer coding that the router cannot remove. It asked for none (RFC 9112, section 6.1).
    #[error("the session's server sent an unknown transfer coding")]
    UnknownCoding,
    /// Nothing was sent, because the server would refuse the request.
    #[error(transparent)]
    HeadTooLarge(#[from] HeadTooLarge),
}

/// Forwards requests.
pub struct Proxy {
    settings: ProxySettings,
    tunnels: TaskTracker,
    /// Cancelled when tunnels must end.
    end: CancellationToken,
}

impl Proxy {
    /// A proxy whose tunnels end with `end` at the latest.
    pub fn new(settings: ProxySettings, end: CancellationToken) -> Self {
        Self { settings, tunnels: TaskTracker::new(), end }
    }

    /// Sends the request to the lease's server. There is no time-out, because a prompt may take an hour. Trailers pass
    /// in neither direction, as RFC 9110, section 6.5 allows: the head has been forwarded by then.
    pub async fn forward<B: Into<RequestBody>>(
        &self,
        lease: Lease,
        mut request: Request<B>,
        peer: IpAddr,
    ) -> Result<Response<Option<ProxyBody>>, ForwardError> {
        let upgrade = asks_for_upgrade(&request).then(|| Upgrade::of(&mut request));
        let additions = Additions {
            authorization: lease.upstream().authorization(),
            peer,
            proto: &self.settings.proto,
            private: &self.settings.private,
            upgrade: upgrade.is_some(),
        };
        prepare_request(&mut request, &additions);
        let mut request = request.map(Into::into);
        frame(&mut request);
        head_size::fit(&mut request, lease.upstream().head_limit())?;
        let (connection, mut response) = lease.upstream().exchange(request).await?;
        if !has_known_coding(response.headers()) {
            return Err(ForwardError::UnknownCoding);
        }
        // A proxy sends its own version (RFC 9112, section 2.3).
        *response.version_mut() = Version::HTTP_11;
        let logged_in = lease.upstream().authorization().is_some();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.join(upgrade, &mut response, connection, lease)?;
            prepare_response(response.headers_mut(), &self.settings.private, logged_in);
            upgrade::declare(response.headers_mut());
            return Ok(response.map(|_| None));
        }
        prepare_response(response.headers_mut(), &self.settings.private, logged_in);
        Ok(ProxyBody::new(response, connection, lease).map(Some))
    }

    /// Joins both sides of an upgrade.
    fn join(
        &self,
        upgrade: Option<Upgrade>,
        response: &mut Response<Incoming>,
        connection: Connection,
        lease: Lease,
    ) -> Result<(), ForwardError> {
        let asked = upgrade.filter(|_| is_websocket(response.headers()));
        let Upgrade { client, guard } = asked.ok_or(ForwardError::UnaskedUpgrade)?;
        let server = hyper::upgrade::on(response);
        let (lease, end) = (lease.into_tunnel(), self.end.clone());
        self.tunnels.spawn(async move {
            if let Some(sides) = tunnel::both_sides(client, server, &lease).await {
                // The upgrade has ended its HTTP; this frees its tasks.
                drop(connection);
                tunnel::run(sides, lease, end).await;
            }
            drop(guard);
        });
        Ok(())
    }

    /// Waits until all tunnels are closed.
    pub async fn tunnels_closed(&self) {
        self.tunnels.close();
        self.tunnels.wait().await;
    }
}

/// An upgrade request of a client.
struct Upgrade {
    client: OnUpgrade,
    guard: Option<TunnelGuard>,
}

impl Upgrade {
    fn of<B>(request: &mut Request<B>) -> Self {
        let guard = request.extensions_mut().remove::<TunnelGuard>();
        Self { client: hyper::upgrade::on(request), guard }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{BodyExt, StreamBody};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::sync::mpsc;

    use super::*;
    use crate::opencode::Server;
    use crate::session::session_state::tests::ready_session;
    use crate::session::{Purpose, Run, UpstreamName};

    /// A proxy, a ready session, and the server ends of the proxy's connections.
    fn stage() -> (Proxy, Arc<crate::session::Session>, mpsc::Receiver<DuplexStream>) {
        let settings = ProxySettings { proto: HeaderValue::from_static("http"), private: PrivateNames::default() };
        let (ends, connections) = mpsc::channel(8);
        (Proxy::new(settings, CancellationToken::new()), ready_session(Run::new(Server::in_memory(ends))), connections)
    }

    /// Reads one request up to `last`, and answers it.
    async fn answer_one(connections: &mut mpsc::Receiver<DuplexStream>, last: &str) -> String {
        let mut stream = connections.recv().await.unwrap();
        let mut request = Vec::new();
        while !String::from_utf8_lossy(&request).contains(last) {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        String::from_utf8(request).unwrap()
    }

    #[tokio::test]
    async fn any_body_is_forwarded_and_only_opencode_gets_the_password() {
        let (proxy, session, mut connections) = stage();
        let peer = IpAddr::from([127, 0, 0, 1]);
        for (name, password) in [(UpstreamName::Opencode, true), (UpstreamName::Port(3000), false)] {
            let lease = session.lease(name, Purpose::Write).unwrap();
            let pieces = ["one ", "two ", "end"].map(|text| Ok::<_, Infallible>(Frame::data(Bytes::from(text))));
            let body = RequestBody::boxed(StreamBody::new(stream::iter(pieces)));
            let request = Request::post("/path").header("authorization", "Bearer the-routers").body(body).unwrap();
            let answered = answer_one(&mut connections, "end\r\n0\r\n\r\n");
            let (response, seen) = tokio::join!(proxy.forward(lease, request, peer), answered);
            let body = response.unwrap().into_body().unwrap().collect().await.unwrap().to_bytes();
            assert_eq!(body, "ok");
            assert_eq!(seen.contains("authorization: Basic "), password, "{name:?}: {seen}");
            assert!(!seen.contains("the-routers"), "{seen}");
        }
        assert_eq!(session.run().unwrap().leases().writes, 0);
    }

    #[tokio::test]
    async fn a_run_that_ends_ends_what_waits_and_says_whether_it_was_sent() {
        let (proxy, session, mut connections) = stage();
        let lease = || session.lease(UpstreamName::Opencode, Purpose::Write).unwrap();
        let request = || Request::post("/path").body(Bytes::new()).unwrap();
        let peer = IpAddr::from([127, 0, 0, 1]);
        let run = session.run().unwrap();
        let late = lease();
        let end = async {
            let mut stream = connections.recv().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0, "it was sent");
            run.end();
        };
        let (waiting, ()) = tokio::join!(proxy.forward(lease(), request(), peer), end);
        assert!(matches!(waiting, Err(ForwardError::Exchange(ExchangeError::NoAnswer(_)))));
        let late = proxy.forward(late, request(), peer).await;
        assert!(matches!(late, Err(ForwardError::Exchange(ExchangeError::NotSent(_)))));
        assert_eq!(run.leases().writes, 0);
    }
}
