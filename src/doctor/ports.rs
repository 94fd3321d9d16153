//! The ports of the router on this machine: free, or held by a router.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use serde::Deserialize;
use tokio::net::TcpStream;

use super::http_request::{Answer, PATIENCE, get};
use crate::app::{ATTACH_PORT, bind_address};
use crate::config::Config;
use crate::runtime::Finding;
use crate::tempo::Tempo;

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let (address, network, tempo) = (bind_address(config), &config.network, config.tempo);
    let at = |port| SocketAddr::new(address, port);
    // Together: a program that does not answer takes time.
    let (main, attach, metrics) = tokio::join!(
        port("port", "PORT", at(network.port), tempo),
        async {
            match network.attach_port {
                Some(number) => port("attach-port", "ATTACH_PORT", at(number), tempo).await,
                None => default_attach_port(at(ATTACH_PORT), tempo).await,
            }
        },
        async {
            match network.metrics_port {
                Some(number) => Some(port("metrics-port", "METRICS_PORT", at(number), tempo).await),
                None => None,
            }
        },
    );
    [main, attach].into_iter().chain(metrics).collect()
}

async fn port(name: &'static str, variable: &str, address: SocketAddr, tempo: Tempo) -> Finding {
    if address.port() == 0 {
        return Finding::ok(name, format!("{variable}=0 stands for any free port."));
    }
    let Err(error) = TcpListener::bind(address) else { return Finding::ok(name, format!("{address} is free.")) };
    if error.kind() != ErrorKind::AddrInUse {
        return Finding::problem(
            name,
            format!("{address} cannot be listened on: {error}."),
            format!("Choose another port with {variable}, or another BIND_ADDRESS."),
        );
    }
    if is_router(address, tempo).await {
        return Finding::ok(name, format!("A router that runs listens on {address}."));
    }
    Finding::problem(
        name,
        format!("Another program listens on {address}."),
        format!("End it, or choose another port with {variable}."),
    )
}

/// Without a setting, the router takes any free port if this one is not free.
async fn default_attach_port(address: SocketAddr, tempo: Tempo) -> Finding {
    let found = port("attach-port", "ATTACH_PORT", address, tempo).await;
    match found.advice {
        None => found,
        Some(_) => Finding::warning(
            found.name,
            found.message,
            "The router takes any free port instead, another one after each start: set ATTACH_PORT to keep one.",
        ),
    }
}

/// The parts of a readiness probe that only the router has.
#[derive(Deserialize)]
struct Readiness {
    #[serde(rename = "waitingFor")]
    _waiting_for: Vec<String>,
    #[serde(rename = "trouble")]
    _trouble: Vec<String>,
}

/// Whether a router answers there in time.
pub(super) async fn is_router(address: SocketAddr, tempo: Tempo) -> bool {
    tokio::time::timeout(tempo.wait(PATIENCE), answers_as_router(address)).await.unwrap_or(false)
}

/// A router's listeners answer probes by address, except the one for metrics.
async fn answers_as_router(address: SocketAddr) -> bool {
    let address = reachable(address);
    let Ok(answer) = ask(address, "/readyz").await else { return false };
    if serde_json::from_slice::<Readiness>(&answer.body).is_ok() {
        return true;
    }
    let metrics = ask(address, "/metrics").await;
    metrics.is_ok_and(|answer| String::from_utf8_lossy(&answer.body).contains("opencode_router_"))
}

async fn ask(address: SocketAddr, path: &str) -> Result<Answer, String> {
    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| "no answer in time".to_owned())?.map_err(|error| error.to_string())?;
    get(stream, path, &[("host", &address.to_string())]).await
}

/// An address that reaches a listener of all addresses.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        // It accepts IPv4 too.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
