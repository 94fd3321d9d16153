//! A client that is no login proxy names a user. Nobody may believe it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::StatusCode;
use serde::Deserialize;
use tokio::net::{TcpSocket, TcpStream};

use super::certificate;
use super::http_request::{Answer, PATIENCE, get};
use super::ports::{is_router, reachable};
use super::public_names::{public_port, router_host};
use crate::api::ME_PATH;
use crate::app::bind_address;
use crate::auth::{EMAIL_HEADER, LoginProxy};
use crate::config::{Config, Proto};
use crate::runtime::{Finding, Status};
use crate::session::random::random_hex;

/// The number of source addresses to try.
const SOURCES: usize = 16;

const DIRECT: &str = "forged-identity";
const PUBLIC: &str = "forged-at-proxy";

/// Checks the router's own port, and the public address with the login proxy in front.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![direct(config).await];
    // The public address of *.localhost is that port.
    if !config.network.is_localhost() {
        findings.push(public(config).await);
    }
    findings
}

async fn direct(config: &Config) -> Finding {
    let address = reachable(SocketAddr::new(bind_address(config), config.network.port));
    if address.port() == 0 || !is_router(address, config.tempo).await {
        return Finding::not_checked(DIRECT, format!("No router answers at {address}."));
    }
    let stranger = connect_as_stranger(address, &config.users.login_proxy()).await;
    let Some(stream) = stranger.stream else {
        return Finding::not_checked(
            DIRECT,
            "All addresses of this machine are trusted login proxies (TRUSTED_PROXY_CIDRS).",
        );
    };
    let from = stream.local_addr().map(|source| source.ip());
    let forged = forged_address();
    let host = router_host(&config.network);
    let finding = match get(stream, ME_PATH, &[("host", host), (EMAIL_HEADER, &forged)]).await {
        Ok(answer) => judge(DIRECT, &address.to_string(), &answer, &forged),
        Err(why) => Finding::not_checked(DIRECT, format!("The router at {address} did not answer: {why}.")),
    };
    match (stranger.trusted, from) {
        (Some(own), Ok(from)) if finding.status == Status::Ok => Finding::not_checked(
            DIRECT,
            format!(
                "The router believes every program that connects from {own} (TRUSTED_PROXY_CIDRS), as this one does: \
                 only the login proxy may connect from there, no port-forward and no other user of this machine. \
                 {from} is not believed."
            ),
        ),
        _ => finding,
    }
}

/// A connection from an address that is no trusted proxy.
struct Stranger {
    stream: Option<TcpStream>,
    /// The address that other programs of this machine have, if it is a trusted proxy.
    trusted: Option<IpAddr>,
}

async fn connect_as_stranger(address: SocketAddr, proxies: &LoginProxy) -> Stranger {
    let mut trusted = None;
    for source in sources(address.ip()) {
        let Ok(socket) = (if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }) else { break };
        if let Some(source) = source
            && (proxies.trusts(source) || socket.bind(SocketAddr::new(source, 0)).is_err())
        {
            continue;
        }
        let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, socket.connect(address)).await else { continue };
        match stream.local_addr() {
            Ok(own) if proxies.trusts(own.ip()) => trusted = Some(own.ip()),
            Ok(_) => return Stranger { stream: Some(stream), trusted },
            Err(_) => {}
        }
    }
    Stranger { stream: None, trusted }
}

/// Source addresses for a connection; `None` lets the kernel choose. On Linux, all of 127.0.0.0/8 is this machine.
fn sources(address: IpAddr) -> impl Iterator<Item = Option<IpAddr>> {
    let loopback = matches!(address, IpAddr::V4(address) if address.is_loopback());
    let any = || Some(Ipv4Addr::new(127, fastrand::u8(1..), fastrand::u8(..), fastrand::u8(1..255)).into());
    std::iter::once(None).chain(std::iter::repeat_with(any).take(if loopback { SOURCES } else { 0 }))
}

/// The login proxy in front must overwrite the header, also for a client that it trusts.
async fn public(config: &Config) -> Finding {
    let network = &config.network;
    let (host, port) = (router_host(network), public_port(network));
    let place = format!("{}://{host}:{port}", network.proto.as_str());
    let forged = forged_address();
    let headers = [("host", host), (EMAIL_HEADER, forged.as_str())];
    let answer = match network.proto {
        Proto::Http => match tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => get(stream, ME_PATH, &headers).await,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        },
        Proto::Https => match certificate::connect(host, port).await {
            Ok(stream) => get(stream, ME_PATH, &headers).await,
            Err(why) => Err(format!("no TLS connection ({why:?})")),
        },
    };
    match answer {
        Ok(answer) => judge(PUBLIC, &place, &answer, &forged),
        Err(why) => Finding::not_checked(PUBLIC, format!("{place} did not answer: {why}.")),
    }
}

fn forged_address() -> String {
    format!("doctor-{}@opencode-router.invalid", random_hex::<4>())
}

/// The part of the response that names the caller.
#[derive(Deserialize)]
struct Me {
    email: String,
}

fn judge(name: &'static str, place: &str, answer: &Answer, forged: &str) -> Finding {
    let status = answer.status;
    let believed = serde_json::from_slice::<Me>(&answer.body).is_ok_and(|me| me.email == forged);
    if believed {
        return Finding::problem(
            name,
            format!("A client that sends X-Auth-Request-Email to {place} can act as any user."),
            "The login proxy must overwrite this header on every request, and TRUSTED_PROXY_CIDRS must contain the login \
             proxy only.",
        );
    }
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST);
    if status.is_success() || status.is_redirection() || refused {
        return Finding::ok(
            name,
            format!("{place} does not believe a forged X-Auth-Request-Email (it answers {status})."),
        );
    }
    Finding::not_checked(name, format!("{place} answers {status}, which says nothing about a forged identity."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &'static str) -> Status {
        let answer = Answer { status: StatusCode::from_u16(status).unwrap(), body: body.into() };
        judge(PUBLIC, "https://oc.example.org", &answer, "forged@x.invalid").status
    }

    #[test]
    fn only_a_response_to_the_forged_user_is_a_problem() {
        assert_eq!(judged(200, r#"{"email":"forged@x.invalid"}"#), Status::Problem);
        assert_eq!(judged(200, r#"{"email":"me@localhost"}"#), Status::Ok);
        assert_eq!(judged(200, "<html>login</html>"), Status::Ok);
        for refused in [302, 400, 401, 403] {
            assert_eq!(judged(refused, ""), Status::Ok, "{refused}");
        }
        for silent in [404, 421, 502, 503] {
            assert_eq!(judged(silent, ""), Status::NotChecked, "{silent}");
        }
    }

    #[tokio::test]
    async fn a_trusted_source_address_is_avoided() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let one = LoginProxy::new(vec!["127.0.0.1/32".parse().unwrap()]);
        let stranger = connect_as_stranger(address, &one).await;
        assert!(!one.trusts(stranger.stream.unwrap().local_addr().unwrap().ip()));
        assert_eq!(stranger.trusted, Some(address.ip()));
        let all = LoginProxy::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(connect_as_stranger(address, &all).await.stream.is_none());
        let other = LoginProxy::new(vec!["192.0.2.0/24".parse().unwrap()]);
        assert_eq!(connect_as_stranger(address, &other).await.trusted, None);
    }
}
