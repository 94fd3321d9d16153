//! One run of a session's server, with all that belongs to it. When it is over, everything ends at once: requests that
//! wait for an answer, half-sent bodies, tunnels, unused connections. Its leases keep no other run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::lease::{Leases, Purpose};
use crate::opencode::Server;
use crate::upstream::Upstream;

/// For how many ports of one run connections are kept.
const MOST_PORTS: usize = 64;

/// The servers that a run offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamName {
    /// opencode, with the run's own password.
    Opencode,
    /// A server that a program in the session runs, by port. It gets no password.
    Port(u16),
}

/// A run that answers. Each run has a value of its own, so nothing of one run reaches the next.
pub struct Run {
    server: Server,
    ports: Mutex<BTreeMap<u16, Arc<Upstream>>>,
    quiet: CancellationToken,
    leases: Mutex<Leases>,
}

impl Run {
    /// The run of this server. It is over when the server's upstream is.
    pub fn new(server: Server) -> Arc<Self> {
        let quiet = server.upstream().over().child_token();
        Arc::new(Self { server, ports: Mutex::default(), quiet, leases: Mutex::default() })
    }

    /// Its opencode.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// One of its servers. Connections to a port are kept for reuse as long as fewer than 64 ports are in use.
    pub fn upstream(&self, name: UpstreamName) -> Arc<Upstream> {
        let UpstreamName::Port(port) = name else { return self.server.upstream().clone() };
        let mut ports = self.ports.lock();
        if let Some(known) = ports.get(&port) {
            return known.clone();
        }
        let upstream = Arc::new(self.server.upstream().on_port(port));
        if ports.len() >= MOST_PORTS {
            ports.retain(|_, upstream| Arc::strong_count(upstream) > 1);
        }
        if ports.len() < MOST_PORTS {
            ports.insert(port, upstream.clone());
        }
        upstream
    }

    /// Cancelled when it is over.
    pub fn over(&self) -> &CancellationToken {
        self.server.upstream().over()
    }

    /// Ends it, and all that belongs to it.
    pub fn end(&self) {
        self.over().cancel();
    }

    /// Cancelled when clients hear no more of its events; at the latest when it is over.
    pub fn quiet(&self) -> &CancellationToken {
        &self.quiet
    }

    /// Ends its event streams before it ends its work. opencode 1.18's terminal asks for everything again when it hears
    /// of that end, and exits if nothing answers.
    pub fn silence(&self) {
        self.quiet.cancel();
    }

    /// The leases that are held.
    pub fn leases(&self) -> Leases {
        *self.leases.lock()
    }

    pub(crate) fn begin_lease(&self, purpose: Purpose, now: Timestamp) {
        self.leases.lock().begin(purpose, now);
    }

    pub(crate) fn end_lease(&self, purpose: Purpose) {
        self.leases.lock().end(purpose);
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("server", &self.server).finish_non_exhaustive()
    }
}
