//! The router accepts clients and reaches sessions over IPv4 and IPv6.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::upstream::Upstream;

const ANN: &str = "ann@example.org";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_listener_serves_both_families_and_trusts_each_peer_by_its_own_address() {
    let upstream = Upstream::at((Ipv6Addr::LOCALHOST, 0).into()).await;
    let arguments = ["--bind-address", "::", "--trusted-proxy-cidrs", "127.0.0.0/8"];
    let mut app = TestApp::start_with(upstream.address, &arguments).await;
    app.address.set_ip(Ipv4Addr::LOCALHOST.into());
    let id = app.stopped_of(ANN).await;
    let ask = async |ip: std::net::IpAddr| {
        let call = Call::post(SocketAddr::new(ip, app.address.port()), "/echo").host(&app.session_host(&id));
        call.header("x-auth-request-email", ANN).send().await.unwrap().status.as_u16()
    };
    assert_eq!(ask(Ipv4Addr::LOCALHOST.into()).await, 200, "a trusted IPv4 peer, and a session on IPv6");
    assert_eq!(ask(Ipv6Addr::LOCALHOST.into()).await, 401, "a peer outside the trusted networks");
    let host = upstream.seen("/echo")[0].header("host");
    assert_eq!(host, [app.session_host(&id)]);
}
