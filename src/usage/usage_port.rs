//! The port on which the first process of a Pod tells the session's usage: each client gets one line. There is no
//! request, no login and nothing secret. Network policies admit the router only.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Usage, cgroup_memory, volume};

/// The port in every Pod.
pub const PORT: u16 = 14096;
/// The environment variable with the port. Without it, `opencode-session run` does not listen.
pub const PORT_VARIABLE: &str = "OPENCODE_SESSION_USAGE_PORT";
/// Pause after a failed accept, for example without free file descriptors.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest time for one client.
const PATIENCE: Duration = Duration::from_secs(1);

/// The port that the environment names.
pub fn from_environment() -> Option<u16> {
    std::env::var(PORT_VARIABLE).ok()?.parse().ok()
}

/// Tells each client the usage of this process's working folder and container, one client after the other. Returns if
/// it cannot listen. `at_work` counts the processes at work.
pub async fn serve(port: u16, at_work: fn() -> Option<u32>) -> io::Result<()> {
    let listener = listen(port).await?;
    let mut measuring: Option<JoinHandle<Usage>> = None;
    loop {
        let Ok((mut client, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let tell = async {
            // A network file system may block for long. Then the next client waits for the same measurement.
            let usage = measuring.get_or_insert_with(|| spawn_blocking(move || own(at_work))).await.unwrap_or_default();
            measuring = None;
            // The client may be gone.
            let _ = client.write_all(usage.to_line().as_bytes()).await;
        };
        let _ = tokio::time::timeout(PATIENCE, tell).await;
    }
}

/// Listens for IPv6 and IPv4; without IPv6, for IPv4.
async fn listen(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await,
    }
}

fn own(at_work: fn() -> Option<u32>) -> Usage {
    let disk = volume::measure(Path::new(".")).unwrap_or_default();
    Usage { memory: cgroup_memory::measure(Path::new(cgroup_memory::MOUNT)), work: at_work(), ..disk }
}
