//! Addresses that carry many clients, such as those of an ingress. Limits per address do not apply to them.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// The networks of these addresses. The router does not believe what they say, unless they are login proxies too.
#[derive(Clone, Debug, Default)]
pub struct SharedPeers(Vec<IpNet>);

impl SharedPeers {
    /// The addresses of these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address by which limits count this peer. `None` for a peer that carries many clients. An IPv6 host has a
    /// network of 64 bits for itself (RFC 4291, section 2.5.4), which counts as one peer.
    pub fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if self.0.iter().any(|network| network.contains(&peer)) {
            return None;
        }
        Some(match peer {
            IpAddr::V4(_) => peer,
            IpAddr::V6(peer) if peer.is_loopback() => peer.into(),
            IpAddr::V6(peer) => Ipv6Addr::from_bits(peer.to_bits() & (u128::MAX << 64)).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_counts_once_and_an_ingress_never() {
        let peers = SharedPeers::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let counted = |text: &str| peers.counted(text.parse().unwrap()).map(|peer| peer.to_string());
        for shared in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            assert_eq!(counted(shared), None, "{shared}");
        }
        assert_eq!(counted("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(counted("2001:db8::1:2:3:4").as_deref(), Some("2001:db8::"));
        assert_eq!(counted("::1").as_deref(), Some("::1"));
    }
}
