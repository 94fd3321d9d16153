//! One run of a session's server, with everything that belongs to it. Its end closes requests, half-sent bodies,
//! tunnels and idle connections at once. Its leases keep no other run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::Outdated;
use super::lease::{Leases, Purpose};
use crate::opencode::Server;
use crate::upstream::Upstream;
use crate::usage::Usage;

/// Ports of one run for which connections are kept.
const MOST_PORTS: usize = 64;

/// The servers of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamName {
    /// opencode, with the run's own password.
    Opencode,
    /// A server of a program in the session, by port. It gets no password.
    Port(u16),
}

/// The last measurement.
#[derive(Default)]
struct Measured {
    last: Option<Usage>,
    at_work_since: Option<Timestamp>,
}

/// The effect of a measurement.
pub(crate) struct Learned {
    /// Users see a difference.
    pub(crate) changed: bool,
    /// The last process has ended its work.
    pub(crate) work_ended: bool,
}

/// A run. Each run has its own value: nothing of one run reaches the next.
pub struct Run {
    server: Server,
    ports: Mutex<BTreeMap<u16, Arc<Upstream>>>,
    quiet: CancellationToken,
    leases: Mutex<Leases>,
    usage: Mutex<Measured>,
    outdated: Mutex<Vec<Outdated>>,
}

impl Run {
    /// The run of this server. It ends with the server's upstream.
    pub fn new(server: Server) -> Arc<Self> {
        let quiet = server.upstream().over().child_token();
        Arc::new(Self {
            server,
            ports: Mutex::default(),
            quiet,
            leases: Mutex::default(),
            usage: Mutex::default(),
            outdated: Mutex::default(),
        })
    }

    /// The opencode server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// One of its servers. Keeps connections to a port for reuse, for up to 64 ports.
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

    /// Cancelled when the run is over.
    pub fn over(&self) -> &CancellationToken {
        self.server.upstream().over()
    }

    /// Ends the run and everything that belongs to it.
    pub fn end(&self) {
        self.over().cancel();
    }

    /// Cancelled when clients receive no more of its events, at the latest when it is over.
    pub fn quiet(&self) -> &CancellationToken {
        &self.quiet
    }

    /// Ends the event streams before opencode ends its work. opencode 1.18's terminal reloads everything when it sees
    /// that end, and exits if nothing answers.
    pub fn silence(&self) {
        self.quiet.cancel();
    }

    /// The current leases.
    pub fn leases(&self) -> Leases {
        *self.leases.lock()
    }

    /// Its disk and memory, as last measured by this replica.
    pub fn usage(&self) -> Option<Usage> {
        self.usage.lock().last
    }

    /// Since when processes work in the session, beside the agent.
    pub(crate) fn at_work_since(&self) -> Option<Timestamp> {
        self.usage.lock().at_work_since
    }

    /// Applies a measurement.
    pub(crate) fn learn_usage(&self, usage: Usage, now: Timestamp) -> Learned {
        let mut known = self.usage.lock();
        let before = known.last.replace(usage);
        let worked = known.at_work_since.take();
        known.at_work_since = usage.is_at_work().then(|| worked.unwrap_or(now));
        Learned {
            changed: !before.is_some_and(|before| before.looks_like(&usage)),
            work_ended: worked.is_some() && !usage.is_at_work(),
        }
    }

    /// What it lacks of what a start would give it now, as this replica last compared.
    pub fn outdated(&self) -> Vec<Outdated> {
        self.outdated.lock().clone()
    }

    /// Notes what it lacks. Returns whether that is new.
    pub(crate) fn learn_outdated(&self, outdated: Vec<Outdated>) -> bool {
        let mut known = self.outdated.lock();
        let new = *known != outdated;
        *known = outdated;
        new
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
