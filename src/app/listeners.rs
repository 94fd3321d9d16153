//! The sockets of the router.
//!
//! Settings: `BIND_ADDRESS`, `PORT`, `ATTACH_PORT`, `METRICS_PORT`.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;

use super::StartError;
use crate::api::metrics;
use crate::config::Config;
use crate::edge::{Drain, Front, Listener, ListenerLimits};
use crate::init::any_address;
use crate::lifecycle::Lifecycle;

/// Default port of the attach listener.
pub(crate) const ATTACH_PORT: u16 = 4096;

/// The bound sockets.
pub(super) struct Listeners {
    main: Listener,
    attach: Listener,
    metrics: Option<Listener>,
}

impl Listeners {
    /// Binds all sockets. The error names the socket and the remedy.
    pub(super) async fn bind(config: &Config) -> Result<Self, StartError> {
        let main = bind(config, config.network.port, "PORT").await?;
        let attach = bind_attach(config).await?;
        let metrics = match config.network.metrics_port {
            Some(port) => Some(bind(config, port, "METRICS_PORT").await?),
            None => None,
        };
        Ok(Self { main, attach, metrics })
    }

    /// The addresses of the main, the attach and the metrics listener.
    pub(super) fn addresses(&self) -> Result<(SocketAddr, SocketAddr, Option<SocketAddr>), StartError> {
        let metrics = self.metrics.as_ref().map(address).transpose()?;
        Ok((address(&self.main)?, address(&self.attach)?, metrics))
    }

    /// Serves until the drain begins.
    pub(super) async fn serve(self, front: &Arc<Front>, lifecycle: &Arc<Lifecycle>, drain: &Drain) {
        let of_main = front.clone();
        let main = self.main.run(drain.clone(), move |peer, request| {
            let front = of_main.clone();
            async move { front.serve(peer, request).await }
        });
        let of_attach = front.clone();
        let attach = self.attach.run(drain.clone(), move |peer, request| {
            let front = of_attach.clone();
            async move { front.serve_attach(peer, request).await }
        });
        let measured = lifecycle.clone();
        let metrics = self.metrics.map(|metrics| {
            metrics.run(drain.clone(), move |_, request| {
                let response = metrics::serve(&measured, request.method(), request.uri().path());
                async move { response }
            })
        });
        tokio::join!(main, attach, OptionFuture::from(metrics));
    }
}

async fn bind(config: &Config, port: u16, variable: &str) -> Result<Listener, StartError> {
    try_bind(config, port).await.map_err(|error| {
        let address = SocketAddr::new(bind_address(config), port);
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
            _ => error.to_string(),
        };
        StartError(format!("{address} cannot be listened on: {why}. Choose another port with {variable}."))
    })
}

async fn try_bind(config: &Config, port: u16) -> io::Result<Listener> {
    let network = &config.network;
    let limits = ListenerLimits {
        connections: network.max_connections,
        per_peer: network.max_connections_per_peer,
        shared_peers: config.shared_peers(),
        header_timeout: Duration::from_secs(network.header_timeout_seconds),
    };
    Listener::bind(SocketAddr::new(bind_address(config), port), limits).await
}

/// The configured address. `::` becomes `0.0.0.0` if the kernel has no IPv6, so that it suits every node of a cluster.
pub(crate) fn bind_address(config: &Config) -> IpAddr {
    match config.network.bind_address {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => any_address(),
        address => address,
    }
}

/// Binds the configured port. Without one, binds the default port, or any free port if another program has it.
async fn bind_attach(config: &Config) -> Result<Listener, StartError> {
    match config.network.attach_port {
        Some(port) => bind(config, port, "ATTACH_PORT").await,
        None => match try_bind(config, ATTACH_PORT).await {
            Ok(listener) => Ok(listener),
            Err(_) => bind(config, 0, "ATTACH_PORT").await,
        },
    }
}

fn address(listener: &Listener) -> Result<SocketAddr, StartError> {
    listener.address().map_err(|error| StartError(format!("A listener has no address: {error}.")))
}
