//! One request to the session's server and its response back.

use std::any::Any;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::forwarded_body::ProxyBody;
use super::headers::{Additions, asks_for_upgrade, prepare_request, prepare_response};
use super::pool::{Connection, Pool, dial};
use super::tunnel;
use crate::session::Lease;

/// What forwarding has to be told.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// `http` or `https`: what clients use towards the front door.
    pub proto: HeaderValue,
    /// Cookies whose names start with one of these are not shown to sessions.
    pub private_cookies: Vec<String>,
}

/// Something that a request brings along and that has to live as long as a tunnel that comes of it: its place among the
/// client connections. A request that asks for no upgrade needs none.
#[derive(Clone)]
pub struct TunnelGuard(pub Arc<dyn Any + Send + Sync>);

/// Why there is no response to forward. The request was sent at most once.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// No connection to the server: nothing was sent.
    #[error("no connection to the session's server: {0}")]
    Dial(#[source] io::Error),
    /// The connection ended, or what came was no HTTP, before there was a response.
    #[error("the session's server gave no proper answer: {0}")]
    Upstream(#[source] hyper::Error),
    /// The server switched protocols although nobody had asked, or to another one.
    #[error("the session's server switched protocols unasked")]
    UnaskedUpgrade,
}

/// Forwards requests.
pub struct Proxy {
    settings: ProxySettings,
    connections: TaskTracker,
    tunnels: TaskTracker,
    /// Cancelled when everything has to end.
    end: CancellationToken,
}

impl Proxy {
    /// A proxy whose connections and tunnels last at most until `end`.
    pub fn new(settings: ProxySettings, end: CancellationToken) -> Self {
        Self { settings, connections: TaskTracker::new(), tunnels: TaskTracker::new(), end }
    }

    /// Sends the request to the server of the lease. There is no time-out: a prompt may think for an hour.
    pub async fn forward(
        &self,
        lease: Lease,
        mut request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Response<Option<ProxyBody>>, ForwardError> {
        let upgrade = asks_for_upgrade(&request);
        let protocol = upgrade.then(|| request.headers().get(UPGRADE).cloned()).flatten();
        let client = upgrade.then(|| hyper::upgrade::on(&mut request));
        let guard = request.extensions_mut().remove::<TunnelGuard>();
        let additions = Additions {
            authorization: lease.server().authorization(),
            peer,
            proto: &self.settings.proto,
            private_cookies: &self.settings.private_cookies,
            upgrade,
        };
        prepare_request(&mut request, &additions);
        let (connection, mut response) = self.exchange(&lease, request).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let (Some(client), Some(asked)) = (client, protocol) else { return Err(ForwardError::UnaskedUpgrade) };
            let agreed = response.headers().get(UPGRADE).cloned().filter(|agreed| same_protocol(agreed, &asked));
            let agreed = agreed.ok_or(ForwardError::UnaskedUpgrade)?;
            let server = hyper::upgrade::on(&mut response);
            let lease = lease.into_tunnel();
            let end = self.end.clone();
            self.tunnels.spawn(async move {
                tunnel::run(client, server, lease, end).await;
                drop(guard);
            });
            prepare_response(response.headers_mut(), &self.settings.private_cookies);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().insert(UPGRADE, agreed);
            return Ok(response.map(|_| None));
        }
        prepare_response(response.headers_mut(), &self.settings.private_cookies);
        Ok(ProxyBody::new(response, connection, lease).map(Some))
    }

    /// Sends on a connection that was used before if there is one; on a new one if not a byte went out on that.
    async fn exchange(
        &self,
        lease: &Lease,
        mut request: Request<Incoming>,
    ) -> Result<(Connection, Response<Incoming>), ForwardError> {
        let pool = lease.server().attachment(Pool::default);
        while let Some(mut connection) = pool.and_then(Pool::take) {
            match connection.try_send_request(request).await {
                Ok(response) => return Ok((connection, response)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(ForwardError::Upstream(error.into_error())),
                },
            }
        }
        let mut connection = dial(lease, &self.connections, &self.end).await.map_err(ForwardError::Dial)?;
        let response = connection.send_request(request).await.map_err(ForwardError::Upstream)?;
        Ok((connection, response))
    }

    /// Waits until no tunnel is open any more.
    pub async fn tunnels_closed(&self) {
        self.tunnels.close();
        self.tunnels.wait().await;
    }

    /// Waits until nothing is open any more; connections that are kept for later last until the end.
    pub async fn drained(&self) {
        self.tunnels_closed().await;
        self.connections.close();
        self.connections.wait().await;
    }
}

fn same_protocol(agreed: &HeaderValue, asked: &HeaderValue) -> bool {
    let offered = asked.to_str().unwrap_or_default().split(',').map(str::trim);
    offered.into_iter().any(|offer| agreed.to_str().is_ok_and(|agreed| agreed.eq_ignore_ascii_case(offer)))
}
