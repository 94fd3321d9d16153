//! The rooms wired together.

mod place;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use http::HeaderValue;
use tokio_util::sync::CancellationToken;

use crate::api::{self, About, Api, AttachUrls, Readiness, Urls};
use crate::config::{Config, NetworkConfig, RuntimeName};
use crate::edge::{Drain, Front, FrontSettings, Hosts, Listener, ListenerLimits};
use crate::proxy::{Proxy, ProxySettings};
use crate::runtime::Runtime;
use crate::session::{Clock, Lifecycle};
use crate::telemetry::metrics;
use crate::web;

use self::place::{git_is_there, pods, processes};

/// The port of the attach listener unless something else is said.
const ATTACH_PORT: u16 = 4096;

/// Why the router cannot start: one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

/// What happens to sessions when the router stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// They stop as well; their files are kept.
    StopSessions,
    /// They go on; the next router takes them over.
    LeaveSessions,
}

/// A router that is bound to its addresses and knows its sessions.
pub struct App {
    main: Listener,
    attach: Listener,
    metrics: Option<Listener>,
    front: Arc<Front>,
    lifecycle: Arc<Lifecycle>,
    readiness: Readiness,
    drain: Drain,
    shutdown_delay: Duration,
    drain_timeout: Duration,
    addresses: Addresses,
}

/// Where a router is reached.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The socket of the page, the API and the sessions.
    pub main: SocketAddr,
    /// The socket for command-line clients.
    pub attach: SocketAddr,
    /// The socket for Prometheus, if there is one.
    pub metrics: Option<SocketAddr>,
    /// What to open in a browser.
    pub url: String,
    /// Where sessions are kept, for the process runtime.
    pub data_dir: Option<PathBuf>,
}

impl App {
    /// Starts a router on the runtime that the settings name.
    pub async fn bind(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        git_is_there().await?;
        let place = match config.lifecycle.runtime {
            RuntimeName::Process => processes(config).await?,
            RuntimeName::Kubernetes => pods(config).await?,
        };
        let mut app = Self::with_runtime(config, place.runtime, clock, place.git_env, place.opencode_version).await?;
        app.addresses.data_dir = place.data_dir;
        Ok(app)
    }

    /// Starts a router on a given runtime.
    pub async fn with_runtime(
        config: &Config,
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
        git_env: Vec<(String, String)>,
        opencode_version: Option<String>,
    ) -> Result<Self, StartError> {
        let network = &config.network;
        let identity = config.users.identity();
        let main = bind(config, network.port, "PORT").await?;
        let attach = bind_attach(config).await?;
        let metrics = match network.metrics_port {
            Some(port) => Some(bind(config, port, "METRICS_PORT").await?),
            None => None,
        };
        let (main_address, attach_address) = (address(&main)?, address(&attach)?);
        let metrics_address = metrics.as_ref().map(address).transpose()?;
        let urls = urls(network, main_address, attach_address);
        let url = router_url(network, &urls);
        let drain = Drain::new();
        let lifecycle = Lifecycle::begin(runtime, clock, config.lifecycle.limits(), CancellationToken::new()).await;
        let readiness = Readiness::default();
        let api = Api {
            lifecycle: lifecycle.clone(),
            urls,
            about: About {
                identity: identity.name(),
                opencode_version,
                hold_timeout_seconds: config.lifecycle.hold_timeout_seconds,
            },
            git_env,
            readiness: readiness.clone(),
            ending: drain.begun().clone(),
        };
        let router = api::router(Arc::new(api), web::router());
        let proxy_settings = ProxySettings {
            proto: HeaderValue::from_static(network.proto.as_str()),
            private_cookies: config.users.sso_cookie_names.clone(),
        };
        let proxy = Proxy::new(proxy_settings, drain.ended().clone());
        let settings = FrontSettings { hosts: hosts(config), identity, holds: config.lifecycle.holds() };
        let front = Arc::new(Front::new(settings, lifecycle.clone(), proxy, router, drain.begun().clone()));
        let addresses =
            Addresses { main: main_address, attach: attach_address, metrics: metrics_address, url, data_dir: None };
        let shutdown_delay = Duration::from_secs(network.shutdown_delay_seconds);
        let drain_timeout = Duration::from_secs(network.drain_timeout_seconds);
        Ok(Self { main, attach, metrics, front, lifecycle, readiness, drain, shutdown_delay, drain_timeout, addresses })
    }

    /// Where it is reached.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The sessions.
    pub fn lifecycle(&self) -> &Arc<Lifecycle> {
        &self.lifecycle
    }

    /// Serves until `shutdown` comes, then lets what is open finish within the drain time-out.
    pub async fn run(self, shutdown: impl Future<Output = Shutdown>) {
        let front = self.front.clone();
        let main = self.main.run(self.drain.clone(), move |peer, request| {
            let front = front.clone();
            async move { front.serve(peer, request).await }
        });
        let front = self.front.clone();
        let attach = self.attach.run(self.drain.clone(), move |peer, request| {
            let front = front.clone();
            async move { front.serve_attach(peer, request).await }
        });
        let measured = self.lifecycle.clone();
        let metrics = self.metrics.map(|metrics| {
            metrics.run(self.drain.clone(), move |_, request| {
                let response = metrics::serve(&measured, request.method(), request.uri().path());
                async move { response }
            })
        });
        let metrics = OptionFuture::from(metrics);
        let end = async {
            let wish = shutdown.await;
            self.readiness.block("shutdown");
            self.drain.announce();
            if wish == Shutdown::LeaveSessions {
                // Those who send requests here have to learn first that they should not.
                tokio::time::sleep(self.shutdown_delay).await;
            }
            let sessions = async {
                if wish == Shutdown::StopSessions {
                    self.lifecycle.stop_all().await;
                }
            };
            let (cut, ()) = tokio::join!(self.drain.run(self.drain_timeout, self.front.tunnels_closed()), sessions);
            if cut > 0 {
                tracing::warn!(connections = cut, "cut at the end of the drain time-out");
            }
        };
        tokio::join!(main, attach, metrics, end);
        self.front.drained().await;
        self.lifecycle.end().await;
    }
}

async fn bind(config: &Config, port: u16, variable: &str) -> Result<Listener, StartError> {
    try_bind(config, port).await.map_err(|error| {
        let address = SocketAddr::new(config.network.bind_address, port);
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
        header_timeout: Duration::from_secs(network.header_timeout_seconds),
    };
    let identity = config.users.identity();
    Listener::bind(SocketAddr::new(network.bind_address, port), limits, move |peer| identity.trusts(peer)).await
}

/// The port that was said; else the usual one, or any if that is taken.
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

fn hosts(config: &Config) -> Hosts {
    let network = &config.network;
    let mut router = vec![network.router_host.clone().unwrap_or_else(|| network.domain.clone())];
    if config.users.dev_email.is_some() {
        router.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
    }
    Hosts { router, domain: network.domain.clone(), suffix: network.suffix.clone() }
}

fn urls(network: &NetworkConfig, main: SocketAddr, attach: SocketAddr) -> Urls {
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

fn router_url(network: &NetworkConfig, urls: &Urls) -> String {
    let host = network.router_host.as_deref().unwrap_or(&network.domain);
    let port = urls.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", urls.proto)
}
