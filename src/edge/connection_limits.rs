//! Limits for the connections of one listener, in total and per peer.
//!
//! Settings: `MAX_CONNECTIONS` (default: 8192), `MAX_CONNECTIONS_PER_PEER` (default: 1024).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The open connections of one listener.
pub(super) struct ConnectionLimits {
    free: Arc<Semaphore>,
    per_peer: usize,
    /// Peers without a limit: each carries many clients.
    exempt: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// The slot of one connection. Dropping it frees the slot.
pub(super) struct Place {
    limits: Arc<ConnectionLimits>,
    peer: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionLimits {
    pub(super) fn new(
        total: usize,
        per_peer: usize,
        exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(total));
        Arc::new(Self { free, per_peer, exempt: Box::new(exempt), open: Mutex::default() })
    }

    /// Waits for a free slot.
    pub(super) async fn free(&self) -> OwnedSemaphorePermit {
        loop {
            // The semaphore is never closed.
            if let Ok(permit) = self.free.clone().acquire_owned().await {
                return permit;
            }
        }
    }

    /// Gives `peer` a slot, unless the peer is at its limit.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr, permit: OwnedSemaphorePermit) -> Option<Place> {
        let mut open = self.open.lock();
        let count = open.entry(peer).or_default();
        if *count >= self.per_peer && !(self.exempt)(peer) {
            return None;
        }
        *count += 1;
        Some(Place { limits: self.clone(), peer, _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.limits.open.lock();
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}
