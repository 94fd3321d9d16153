//! The URLs and addresses of the router and of its sessions.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::api::{AttachUrls, Urls};
use crate::config::{Config, NetworkConfig};
use crate::edge::Hosts;

/// The addresses of a router.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The socket of the page, the API and the sessions.
    pub main: SocketAddr,
    /// The socket for command-line clients.
    pub attach: SocketAddr,
    /// The socket for Prometheus, if configured.
    pub metrics: Option<SocketAddr>,
    /// The URL to open in a browser.
    pub url: String,
    /// The data folder of the process runtime.
    pub data_dir: Option<PathBuf>,
}

pub(super) fn hosts(config: &Config) -> Hosts {
    let network = &config.network;
    let mut router = vec![network.router_host.clone().unwrap_or_else(|| network.domain.clone())];
    if config.users.dev_email.is_some() {
        router.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
    }
    Hosts { router, domain: network.domain.clone(), suffix: network.suffix.clone() }
}

pub(super) fn urls(network: &NetworkConfig, main: SocketAddr, attach: SocketAddr) -> Urls {
    let port = network.public_port.or_else(|| network.is_localhost().then_some(main.port()));
    let attach = match &network.attach_url {
        Some(url) => AttachUrls::Path(url.clone()),
        None if network.is_localhost() => AttachUrls::Path(format!("http://{attach}")),
        None => AttachUrls::Host,
    };
    Urls {
        proto: network.proto.as_str().to_owned(),
        domain: network.domain.clone(),
        suffix: network.suffix.clone(),
        port,
        attach,
    }
}

pub(super) fn router_url(network: &NetworkConfig, urls: &Urls) -> String {
    let host = network.router_host.as_deref().unwrap_or(&network.domain);
    let port = urls.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", urls.proto)
}
