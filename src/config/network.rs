//! Settings for the router's listeners, and for the names by which clients reach them.

use std::net::{IpAddr, Ipv4Addr};

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::edge::AllowedOrigins;
use crate::opencode::Dialect;

/// The protocol between clients and the front door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Proto {
    /// Plain HTTP.
    Http,
    /// HTTPS. A proxy in front terminates TLS.
    Https,
}

impl Proto {
    /// The scheme in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Settings for listeners and names.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub struct NetworkConfig {
    /// Port of the page, the API and the sessions. With 0, a free one.
    #[arg(long, env = "PORT", default_value_t = 3000)]
    pub port: u16,
    /// Address to listen on. With ::, all addresses of this machine, IPv4 too.
    #[arg(long, env = "BIND_ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind_address: IpAddr,
    /// Port for `opencode attach`. With 0, a free one. Default: 4096, or a free one if that is taken.
    #[arg(long, env = "ATTACH_PORT")]
    pub attach_port: Option<u16>,
    /// URL by which clients reach the attach listener, such as `https://attach.oc.example.org`. Clients append /s/ and
    /// the session's id. Default: a host per session, attach-0123456789abcdef0123-oc.oc.example.org.
    #[arg(long, env = "ATTACH_URL", value_parser = base_url)]
    pub attach_url: Option<String>,
    /// Origins of web and desktop clients that may read the attach listener's responses, separated by commas. Each request
    /// still needs a token. Default: opencode's desktop app. Empty: none.
    #[arg(long, env = "ATTACH_ALLOWED_ORIGINS", default_value = Dialect::V1.desktop_origin())]
    pub attach_allowed_origins: AllowedOrigins,
    /// Parent domain of the sessions' hosts, as in 0123456789abcdef0123-oc.localhost. Browsers resolve *.localhost
    /// themselves.
    #[arg(long, env = "ROUTER_DOMAIN", default_value = "localhost", value_parser = domain)]
    pub domain: String,
    /// Host name of the page and the API. Default: the domain.
    #[arg(long, env = "ROUTER_HOST", value_parser = domain)]
    pub router_host: Option<String>,
    /// Text after the session's id in its host name.
    #[arg(long, env = "ROUTE_SUFFIX", default_value = "-oc", value_parser = suffix)]
    pub suffix: String,
    /// Protocol that clients use. Set https if a proxy in front terminates TLS.
    #[arg(long, env = "ROUTER_PROTO", value_enum, default_value_t = Proto::Http)]
    pub proto: Proto,
    /// Port in the URLs of sessions. Default: PORT for *.localhost, else the protocol's port.
    #[arg(long, env = "PUBLIC_PORT")]
    pub public_port: Option<u16>,
    /// Port of GET /metrics for Prometheus. It needs no login: do not expose it. Default: none.
    #[arg(long, env = "METRICS_PORT")]
    pub metrics_port: Option<u16>,
    /// Connections per listener. The router answers more clients with 503, and health checks always.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 8192, value_parser = at_least_one)]
    pub max_connections: usize,
    /// Connections per client address, except trusted proxies. The router answers more with 503.
    #[arg(long, env = "MAX_CONNECTIONS_PER_PEER", default_value_t = 1024, value_parser = at_least_one)]
    pub max_connections_per_peer: usize,
    /// Networks of proxies that carry many clients, such as an ingress, separated by commas. Limits per client address
    /// do not apply to them. The router does not believe what they say about users.
    #[arg(long, env = "PEER_LIMIT_EXEMPT_CIDRS", value_delimiter = ',', value_parser = network)]
    pub peer_limit_exempt_cidrs: Vec<IpNet>,
    /// Open requests per user: answers, event streams and terminals that have not ended. The router answers more with
    /// 503. Each replica counts its own.
    #[arg(long, env = "MAX_REQUESTS_PER_USER", default_value_t = 1024, value_parser = at_least_one)]
    pub max_requests_per_user: usize,
    /// Seconds until a request's head must be complete, and until the router closes an unused connection. Keep it above
    /// the idle time of proxies in front, so that they close their connections first.
    #[arg(long, env = "HEADER_TIMEOUT_SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub header_timeout_seconds: u64,
    /// Seconds after SIGTERM in which the router reports that it is not ready and still accepts requests.
    #[arg(long, env = "SHUTDOWN_DELAY_SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub shutdown_delay_seconds: u64,
    /// Seconds that open requests and tunnels may continue when the router stops.
    #[arg(long, env = "DRAIN_TIMEOUT_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=86400))]
    pub drain_timeout_seconds: u64,
}

impl NetworkConfig {
    /// Whether the domain is below `localhost`, which browsers resolve without DNS.
    pub fn is_localhost(&self) -> bool {
        self.domain == "localhost" || self.domain.ends_with(".localhost")
    }
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.trim().parse::<IpAddr>().map(IpNet::from);
    text.trim().parse().or_else(|_| address()).map_err(|_| "expected a network such as 10.0.0.0/8".to_owned())
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

fn base_url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = |url: &url::Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let url = url.filter(plain).ok_or_else(|| "expected an address such as https://attach.example.org".to_owned())?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn domain(text: &str) -> Result<String, String> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if name.len() <= 190 && name.split('.').all(label) { Ok(name) } else { Err("expected a host name".to_owned()) }
}

fn suffix(text: &str) -> Result<String, String> {
    let good = text.len() <= 20 && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if good && !text.ends_with('-') {
        Ok(text.to_owned())
    } else {
        Err("expected at most 20 characters of a-z, 0-9 and -, not ending with -".to_owned())
    }
}
