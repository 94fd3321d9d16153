use std::net::SocketAddr;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// Whether the kernel's keep-alive timer runs for a socket of this process: `tr` is 02 in /proc/net/tcp (proc(5)).
fn keepalive_runs(local: u16, remote: Option<u16>) -> bool {
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next().unwrap(), 16).unwrap();
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let established = fields[3] == "01";
        let ours = port(fields[1]) == local && remote.is_none_or(|remote| port(fields[2]) == remote);
        established && ours && fields[5].starts_with("02:")
    })
}

/// The ends of this process's connections to `server`.
fn connections_to(server: SocketAddr) -> Vec<u16> {
    let hex = |text: &str| u16::from_str_radix(text.rsplit(':').next().unwrap(), 16).unwrap();
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row[3] == "01" && hex(row[2]) == server.port()).map(|row| hex(row[1])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kernel_asks_silent_clients_and_servers_whether_they_are_there() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let mut client = Raw::connect(app.address).await;
    client.ask("GET", "/events", &app.session_host(&id), &[]).await;
    client.until("text/event-stream").await;
    eventually("the client's connection is watched", async || {
        keepalive_runs(app.address.port(), Some(client.port())).then_some(())
    })
    .await;
    eventually("the server's connections are watched", async || {
        let ends = connections_to(upstream.address);
        (!ends.is_empty() && ends.iter().all(|end| keepalive_runs(*end, Some(upstream.address.port())))).then_some(())
    })
    .await;
}
