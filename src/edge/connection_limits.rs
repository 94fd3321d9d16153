//! Limits for the connections of one listener, in total and per peer. Beyond them, a reserve answers health checks, and
//! tells other clients why they are not served.
//!
//! Settings: `MAX_CONNECTIONS` (default: 8192), `MAX_CONNECTIONS_PER_PEER` (default: 1024), `PEER_LIMIT_EXEMPT_CIDRS`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;

use crate::answer::Problem;
use crate::auth::SharedPeers;

/// Connections of the reserve, in total.
const RESERVE: usize = 64;
/// Connections of the reserve per peer.
const RESERVE_PER_PEER: usize = 4;
/// Time limit for a connection of the reserve.
pub(super) const RESERVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a connection belongs to the reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowded {
    /// The listener has this number of connections.
    Listener(usize),
    /// The peer has this number of connections.
    Peer(usize),
}

impl Crowded {
    /// The answer to a request that is no health check.
    pub(super) fn problem(self) -> Problem {
        let detail = match self {
            Self::Listener(limit) => format!(
                "The router has {limit} connections, the most that it takes (MAX_CONNECTIONS). Nothing was done; try \
                 again in a moment."
            ),
            Self::Peer(limit) => format!(
                "Your address has {limit} connections, the most for one address (MAX_CONNECTIONS_PER_PEER). Nothing was \
                 done; close some, or try again in a moment."
            ),
        };
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-connections", detail);
        problem.retry_after(Duration::from_secs(2))
    }
}

/// The open connections of one listener.
pub(super) struct ConnectionLimits {
    total: usize,
    per_peer: usize,
    shared: SharedPeers,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    served: Counts,
    reserve: Counts,
}

#[derive(Default)]
struct Counts {
    total: usize,
    /// By peer. Peers that carry many clients are not in it.
    peers: HashMap<IpAddr, usize>,
}

impl Counts {
    fn of(&self, peer: Option<IpAddr>) -> usize {
        peer.and_then(|peer| self.peers.get(&peer)).copied().unwrap_or_default()
    }

    fn add(&mut self, peer: Option<IpAddr>) {
        self.total += 1;
        if let Some(peer) = peer {
            *self.peers.entry(peer).or_default() += 1;
        }
    }

    fn remove(&mut self, peer: Option<IpAddr>) {
        self.total -= 1;
        let Some(peer) = peer else { return };
        if let Some(count) = self.peers.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&peer);
            }
        }
    }
}

/// The place of one connection. Dropping it frees the place.
pub(super) struct Place {
    limits: Arc<ConnectionLimits>,
    /// The counted address of the peer.
    peer: Option<IpAddr>,
    /// Set if the place is one of the reserve.
    pub(super) crowded: Option<Crowded>,
}

impl ConnectionLimits {
    pub(super) fn new(total: usize, per_peer: usize, shared: SharedPeers) -> Arc<Self> {
        Arc::new(Self { total, per_peer, shared, open: Mutex::default() })
    }

    /// Gives `peer` a place: a usual one, else one of the reserve, else none.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = self.shared.counted(peer);
        let mut open = self.open.lock();
        let crowded = if open.served.total >= self.total {
            Some(Crowded::Listener(self.total))
        } else if open.served.of(peer) >= self.per_peer {
            Some(Crowded::Peer(self.per_peer))
        } else {
            None
        };
        match crowded {
            None => open.served.add(peer),
            Some(_) if open.reserve.total >= RESERVE || open.reserve.of(peer) >= RESERVE_PER_PEER => return None,
            Some(_) => open.reserve.add(peer),
        }
        Some(Place { limits: self.clone(), peer, crowded })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.limits.open.lock();
        let counts = if self.crowded.is_some() { &mut open.reserve } else { &mut open.served };
        counts.remove(self.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(total: usize, per_peer: usize) -> Arc<ConnectionLimits> {
        ConnectionLimits::new(total, per_peer, SharedPeers::new(vec!["10.0.0.1/32".parse().unwrap()]))
    }

    fn peer(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn peer_at_its_limit_leaves_places_for_others() {
        let limits = limits(100, 2);
        let places: Vec<_> = (0..2).map(|_| limits.enter(peer(2)).unwrap()).collect();
        let crowded = limits.enter(peer(2)).unwrap();
        assert_eq!(crowded.crowded, Some(Crowded::Peer(2)));
        assert_eq!(limits.enter(peer(3)).unwrap().crowded, None);
        drop(places);
        assert_eq!(limits.enter(peer(2)).unwrap().crowded, None);
        let many: Vec<_> = (0..10).map(|_| limits.enter(peer(1)).unwrap()).collect();
        assert!(many.iter().all(|place| place.crowded.is_none()), "an ingress carries many clients");
    }

    #[test]
    fn reserve_is_bounded_and_shared() {
        let limits = limits(1, 1);
        let _served = limits.enter(peer(2)).unwrap();
        let held: Vec<_> = (0..10).map_while(|_| limits.enter(peer(3))).collect();
        assert_eq!(held.len(), RESERVE_PER_PEER);
        assert!(limits.enter(peer(4)).is_some(), "one peer does not take the reserve");
        let all: Vec<_> = (0..200).map_while(|_| limits.enter(peer(1))).collect();
        assert_eq!(all.len() + held.len(), RESERVE);
        drop((held, all));
        assert!(limits.open.lock().reserve.peers.is_empty());
    }
}
