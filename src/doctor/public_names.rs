//! The host names of the router and of its sessions, as clients resolve them, and the certificate that answers there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::certificate;
use super::http_request::PATIENCE;
use crate::config::{Config, NetworkConfig, Proto};
use crate::runtime::Finding;
use crate::session::random::random_hex;

const ROUTER: &str = "router-name";
const SESSIONS: &str = "session-names";

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let network = &config.network;
    let session = session_host(network);
    if network.is_localhost() {
        return vec![local(&session, resolve(&session).await)];
    }
    let router = router_host(network);
    let mut findings = vec![resolved(ROUTER, router, router, resolve(router).await)];
    let wildcard = format!("*.{}", network.domain);
    findings.push(resolved(SESSIONS, &session, &wildcard, resolve(&session).await));
    if network.proto == Proto::Https {
        let port = public_port(network);
        findings.push(certificate::check("router-certificate", router, port).await);
        findings.push(certificate::check("session-certificate", &session, port).await);
    }
    findings
}

/// The host name of the page and the API.
pub(super) fn router_host(network: &NetworkConfig) -> &str {
    network.router_host.as_deref().unwrap_or(&network.domain)
}

/// The port of clients.
pub(super) fn public_port(network: &NetworkConfig) -> u16 {
    let usual = match network.proto {
        Proto::Http => 80,
        Proto::Https => 443,
    };
    network.public_port.unwrap_or(usual)
}

/// The host of a session that does not exist: only a wildcard resolves it.
fn session_host(network: &NetworkConfig) -> String {
    format!("{}{}.{}", random_hex::<10>(), network.suffix, network.domain)
}

/// The addresses of a name, or why there are none.
async fn resolve(host: &str) -> Result<BTreeSet<IpAddr>, String> {
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, 0))).await;
    let found = found.map_err(|_| "no answer in time".to_owned())?.map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.ip()).collect())
}

fn resolved(name: &'static str, host: &str, record: &str, found: Result<BTreeSet<IpAddr>, String>) -> Finding {
    match found {
        Ok(addresses) if !addresses.is_empty() => {
            Finding::ok(name, format!("{host} is resolved to {}.", listed(&addresses)))
        }
        other => {
            let why = other.err().unwrap_or_else(|| "it has no address".to_owned());
            Finding::problem(
                name,
                format!("{host} cannot be resolved: {why}."),
                format!("Create a DNS record {record} that leads to the login proxy, or correct ROUTER_DOMAIN."),
            )
        }
    }
}

/// Sessions below `localhost` need no DNS in browsers.
fn local(host: &str, found: Result<BTreeSet<IpAddr>, String>) -> Finding {
    match found {
        Ok(addresses) if !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback) => {
            Finding::ok(SESSIONS, format!("Names such as {host} are resolved to this machine."))
        }
        Ok(addresses) if !addresses.is_empty() => Finding::warning(
            SESSIONS,
            format!("{host} is resolved to {}, which is not this machine.", listed(&addresses)),
            "Browsers do not ask DNS for *.localhost. Other programs do: correct this machine's DNS.",
        ),
        _ => Finding::ok(
            SESSIONS,
            "Only browsers and curl resolve *.localhost on this machine. That suffices: `opencode attach` uses an \
             address.",
        ),
    }
}

fn listed(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;

    fn addresses(all: &[&str]) -> Result<BTreeSet<IpAddr>, String> {
        Ok(all.iter().map(|address| address.parse().unwrap()).collect())
    }

    #[test]
    fn a_name_without_address_names_the_missing_record() {
        let found = resolved(SESSIONS, "0123-oc.oc.example.org", "*.oc.example.org", Err("unknown".to_owned()));
        assert_eq!(found.status, Status::Problem);
        assert!(found.advice.unwrap().contains("*.oc.example.org"));
        assert_eq!(resolved(ROUTER, "a", "a", addresses(&[])).status, Status::Problem);
        assert_eq!(resolved(ROUTER, "a", "a", addresses(&["192.0.2.1"])).status, Status::Ok);
    }

    #[test]
    fn names_below_localhost_must_not_lead_elsewhere() {
        assert_eq!(local("a.localhost", addresses(&["127.0.0.1", "::1"])).status, Status::Ok);
        assert_eq!(local("a.localhost", Err("unknown".to_owned())).status, Status::Ok);
        assert_eq!(local("a.localhost", addresses(&["127.0.0.1", "192.0.2.1"])).status, Status::Warning);
    }

    #[tokio::test]
    async fn loopback_names_are_resolved() {
        assert!(resolve("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
        assert!(resolve("router.invalid").await.is_err());
    }
}
