//! Keepalive settings, to notice vanished peers.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

/// Silence before the first keepalive probe.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Interval between probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Unanswered probes until the connection is lost.
const KEEPALIVE_PROBES: u32 = 4;
/// Time limit for an acknowledgement of sent bytes, in milliseconds. It also limits a peer that reads nothing (tcp(7),
/// `TCP_USER_TIMEOUT`), so it is long.
const USER_TIMEOUT_MS: u32 = 180_000;

/// Makes the kernel end a connection to a vanished peer: after 70 s of silence, or 3 minutes without an
/// acknowledgement. Only the peer's kernel has to answer, so a silent terminal stays connected.
pub fn notice_lost_peers(socket: &impl AsFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(socket, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(socket, KEEPALIVE_PROBES)?;
    sockopt::set_tcp_user_timeout(socket, USER_TIMEOUT_MS)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_looks_for_lost_peers() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        notice_lost_peers(&socket).unwrap();
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), KEEPALIVE_IDLE);
        assert_eq!(sockopt::tcp_user_timeout(&socket).unwrap(), USER_TIMEOUT_MS);
    }
}
