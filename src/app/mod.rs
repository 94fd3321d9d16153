//! Wires the rooms together.

mod addresses;
mod listeners;
mod profile_reload;
mod runtime_setup;
mod shutdown;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::addresses::{hosts, router_url, urls};
use self::listeners::Listeners;
use self::runtime_setup::{pods, processes};
use self::shutdown::End;
use crate::api::{self, About, Api, Readiness};
use crate::auth::{AttachTokens, Authenticators};
use crate::config::{Config, RuntimeName};
use crate::edge::{Drain, Front, FrontSettings};
use crate::lifecycle::Lifecycle;
use crate::proxy::{Proxy, ProxySettings};
use crate::runtime::Runtime;
use crate::session::Clock;
use crate::web;

pub use self::addresses::Addresses;
pub(crate) use self::listeners::{ATTACH_PORT, bind_address};
pub(crate) use self::runtime_setup::{git_version, kubernetes_settings, process_settings};
pub use self::shutdown::{Ended, Shutdown, Signals};

/// The reason why the router cannot start: one sentence with the fix.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

/// A router that has bound its sockets and knows its sessions.
pub struct App {
    listeners: Listeners,
    end: End,
    addresses: Addresses,
    profile_reload: Option<AbortOnDropHandle<()>>,
}

impl App {
    /// Starts a router on the configured runtime.
    pub async fn bind(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let place = match config.lifecycle.runtime {
            RuntimeName::Process => processes(config).await?,
            RuntimeName::Kubernetes => pods(config).await?,
        };
        let mut app = Self::with_runtime(config, place.runtime, clock, place.opencode_version).await?;
        app.addresses.data_dir = place.data_dir;
        app.profile_reload = place.profile_reload;
        Ok(app)
    }

    /// Starts a router on a given runtime.
    pub async fn with_runtime(
        config: &Config,
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
        opencode_version: Option<String>,
    ) -> Result<Self, StartError> {
        let network = &config.network;
        let listeners = Listeners::bind(config).await?;
        let (main, attach, metrics) = listeners.addresses()?;
        let urls = urls(network, main, attach);
        let addresses = Addresses { main, attach, metrics, url: router_url(network, &urls), data_dir: None };
        let drain = Drain::new();
        let lifecycle =
            Lifecycle::begin(runtime, clock, config.lifecycle.limits(config.tempo), CancellationToken::new()).await;
        let readiness = Readiness::default();
        let about = About {
            identity: config.users.identity(),
            opencode_version,
            hold_timeout_seconds: config.lifecycle.hold_timeout_seconds,
        };
        let ending = drain.begun().clone();
        let api = Api { lifecycle: lifecycle.clone(), urls, about, readiness: readiness.clone(), ending };
        let router = api::router(Arc::new(api), web::router());
        let proxy_settings = ProxySettings {
            proto: HeaderValue::from_static(network.proto.as_str()),
            private: config.users.private_names(),
        };
        let proxy = Proxy::new(proxy_settings, drain.ended().clone());
        let settings = FrontSettings {
            hosts: hosts(config),
            users: config.users.authenticators(),
            git_tokens: config.users.git_token_header(),
            attach_clients: Authenticators::new(vec![Arc::new(AttachTokens::new(
                lifecycle.clone(),
                config.shared_peers(),
            ))]),
            attach_origins: network.attach_allowed_origins.clone(),
            holds: config.lifecycle.holds(),
            requests_per_user: network.max_requests_per_user,
        };
        let front = Arc::new(Front::new(settings, lifecycle.clone(), proxy, router, drain.begun().clone()));
        let end = End {
            readiness,
            drain,
            front,
            lifecycle,
            delay: Duration::from_secs(network.shutdown_delay_seconds),
            drain_timeout: Duration::from_secs(network.drain_timeout_seconds),
        };
        Ok(Self { listeners, addresses, end, profile_reload: None })
    }

    /// The router's addresses.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The sessions.
    pub fn lifecycle(&self) -> &Arc<Lifecycle> {
        &self.end.lifecycle
    }

    /// Serves until `shutdown` resolves. Then open requests may finish within the drain time-out.
    pub async fn run(self, shutdown: impl Future<Output = Shutdown>) {
        let Self { listeners, end, profile_reload: _following, .. } = self;
        tokio::join!(listeners.serve(&end.front, &end.lifecycle, &end.drain), end.run(shutdown));
    }
}
